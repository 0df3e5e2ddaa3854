import moto, os, sys, threading
if moto.__version__ != "5.2.1": sys.exit("moto " + moto.__version__ + " is not 5.2.1")
from moto.core.config import default_user_config
from moto.iot import models as _
from moto.server import main
from werkzeug.serving import WSGIRequestHandler as Handler
from moto.cloudformation.parsing import ResourceMap
default_user_config["iot"]["use_valid_cert"] = True
delete = ResourceMap.delete
def keep(self): # moto knows only the policy Retain
    for resource in self._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate": resource["DeletionPolicy"] = "Retain"
    delete(self)
ResourceMap.delete = keep
from moto.cloudformation.models import CloudFormationBackend
create = CloudFormationBackend.create_change_set
def refuse(self, *arguments, **names): # moto takes a parameter with its previous value for another value
    ids = create(self, *arguments, **names)
    made = self.change_sets[ids[0]]
    if made.change_set_type == "UPDATE" and not made.changes and made.tags == made.stack.tags:
        made.status, made.execution_status = "FAILED", "UNAVAILABLE"
        made.status_reason = "The submitted information didn't contain changes. Submit different information to create a change set."
    return ids
CloudFormationBackend.create_change_set = refuse
log = Handler.log_request # only what went wrong: the log is shown if the test fails
Handler.log_request = lambda self, code="-", size="-": str(code)[0] in "23" or log(self, code, size)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
main(["-H", "127.0.0.1", "-p", "0"])
