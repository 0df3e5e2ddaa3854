import json, os, sys, urllib.request
import pytest

# The tests of moto know this mode: their clients call the endpoint, which is told to forget everything between tests.
os.environ["TEST_SERVER_MODE"] = "true"
os.environ["TEST_SERVER_MODE_ENDPOINT"] = endpoint = sys.argv[1]
os.environ.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="example", AWS_MAX_ATTEMPTS="1")
lines = os.fdopen(os.dup(1), "w", buffering=1)


class Lines:
    """Names each test to the endpoint before it starts, and prints how it ended as one line of JSON."""

    def pytest_runtest_logstart(self, nodeid, location):
        self.outcome, self.reason = "passed", ""
        urllib.request.urlopen(urllib.request.Request(endpoint + "/moto-api/test", data=nodeid.encode())).close()

    def pytest_runtest_logreport(self, report):
        if report.outcome != "passed" and self.outcome == "passed":
            self.outcome = report.outcome
            crash = getattr(report.longrepr, "reprcrash", None)
            self.reason = crash.message if crash else str(report.longrepr)

    def pytest_runtest_logfinish(self, nodeid, location):
        print(json.dumps({"Test": nodeid, "Outcome": self.outcome, "Reason": self.reason}), file=lines)


sys.exit(pytest.main(["-p", "no:cacheprovider", "-p", "no:terminal", "tests/test_iot"], plugins=[Lines()]))
