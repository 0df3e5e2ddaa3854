import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = driver.main(json.loads(line))
        except SystemExit as e:
            status = e.code
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
