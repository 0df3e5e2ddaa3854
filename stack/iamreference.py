"""Prints what AWS publishes about IAM, from the data of cfn-lint, as JSON. Usage: iamreference.py expanded.json

resources are, by action in lower case, the kinds of resources that it can be limited to (Service Authorization Reference).
handlers are, by resource type of the template and by what CloudFormation does with it, the permissions that this needs (schemas of
the CloudFormation registry).
"""

import json
import os
import sys

import cfnlint
import cfnlint.data.AdditionalSpecs as specs


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


schemas = os.path.join(os.path.dirname(cfnlint.__file__), "data", "schemas")
index = read(schemas, "providers", "us-east-1.json")
handlers = {}
for kind in {resource["Type"] for resource in read(sys.argv[1])["Resources"].values()}:
    schema = read(schemas, "resources", index[kind] + ".json")
    handlers[kind] = {does: handler.get("permissions", []) for does, handler in schema["handlers"].items()}
resources = {}
for service, reference in read(os.path.dirname(specs.__file__), "Policies.json").items():
    for action, facts in reference.get("Actions", {}).items():
        resources[service + ":" + action] = facts.get("Resources", [])
json.dump({"resources": resources, "handlers": handlers}, sys.stdout)
