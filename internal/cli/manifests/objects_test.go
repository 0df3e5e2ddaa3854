package manifests_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/objecttest"
)

// inspectObject inspects an object of a server of S3 and returns the exit code and what was printed.
func inspectObject(t *testing.T, s *objecttest.Server, env []string, args ...string) (code int, printed string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), clitest.Program(t), append([]string{"inspect"}, args...)...)
	c.Env = append(append(clitest.Environment(t), "AWS_ENDPOINT_URL_S3="+s.URL()), env...)
	out, _ := c.CombinedOutput() // the exit code is returned
	return c.ProcessState.ExitCode(), string(out)
}

// Whoever cannot read a manifest must learn what to change, whatever S3 calls the reason.
func TestObjectThatCannotBeReadSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		status int
		code   string
		env    string
		exit   int
		wants  []string
	}{
		"no object": {
			[]string{"s3://factory/line 7/none.csv"},
			0, "", "", 1,
			[]string{"s3://factory/line 7/none.csv: there is no such object", "aws s3 ls 's3://factory/line 7/'"},
		},
		"no version": {
			[]string{"s3://factory/reel.csv?versionId=v9"},
			0, "", "", 1,
			[]string{"the object has no such version", "aws s3api list-object-versions --bucket factory --prefix reel.csv"},
		},
		"no bucket": {
			[]string{"s3://factory/reel.csv"}, http.StatusNotFound, "NoSuchBucket", "", 1, []string{"there is no such bucket", "aws s3 ls"},
		},
		"archived": {
			[]string{"s3://factory/reel.csv?versionId=v1"},
			http.StatusForbidden, "InvalidObjectState", "", 1,
			[]string{"archive storage class", "aws s3api restore-object --bucket factory --key reel.csv --version-id v1 --restore-request Days=2"},
		},
		"deleted": {
			[]string{"s3://factory/reel.csv?versionId=v1"},
			http.StatusMethodNotAllowed, "MethodNotAllowed", "", 1,
			[]string{"the version is the marker of a deletion"},
		},
		"denied": {
			[]string{"s3://factory/reel.csv"},
			http.StatusForbidden, "AccessDenied", "", 1,
			[]string{"may not read it", "allow s3:GetObject for", "--source-profile", "--request-payer requester"},
		},
		"denied version": {
			[]string{"--request-payer", "requester", "s3://factory/reel.csv?versionId=v1"},
			http.StatusForbidden, "AccessDenied", "", 1,
			[]string{"may not read it", "allow s3:GetObjectVersion for"},
		},
		"denied key": {
			[]string{"s3://factory/reel.csv"},
			http.StatusForbidden,
			"AccessDenied: User: u is not authorized to perform: kms:Decrypt on this resource", "", 1,
			[]string{"may not use the KMS key", "allow kms:Decrypt for", "in that of the key"},
		},
		"disabled key": {
			[]string{"s3://factory/reel.csv"},
			http.StatusBadRequest, "KMS.DisabledException: key/1 is disabled.", "", 1,
			[]string{"the KMS key of the object cannot be used: key/1 is disabled.", "enable the key"},
		},
		"no credentials": {
			[]string{"s3://factory/reel.csv"},
			0, "", "AWS_ACCESS_KEY_ID=", 1,
			[]string{"there are no AWS credentials", "--source-profile", "aws s3 cp --no-sign-request s3://factory/reel.csv ."},
		},
		"no profile": {[]string{"--source-profile", "other", "s3://factory/reel.csv"}, 0, "", "", 2, []string{"no profile other"}},
		"empty":      {[]string{"s3://factory/empty.csv"}, 0, "", "", 1, []string{"s3://factory/empty.csv: there is nothing in the file"}},
		"prefix": {
			[]string{"s3://factory/line 7/"}, 0, "", "", 2, []string{"is a directory", "aws s3 sync 's3://factory/line 7/' manifests"},
		},
		"bucket":       {[]string{"s3://factory"}, 0, "", "", 2, []string{"is a directory", "aws s3 sync s3://factory manifests"}},
		"nothing":      {[]string{"s3:///reel.csv"}, 0, "", "", 2, []string{"names no bucket"}},
		"access point": {[]string{"s3://arn:aws:s3:eu-west-1:1:accesspoint/x/reel.csv"}, 0, "", "", 2, []string{"the alias of the access point"}},
		"empty version": {
			[]string{"s3://factory/reel.csv?versionId="}, 0, "", "", 2, []string{"the version is empty"},
		},
		"other payer": {[]string{"--request-payer", "owner", "s3://factory/reel.csv"}, 0, "", "", 2, []string{`"owner" is not requester`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := objecttest.New(t, func(s *objecttest.Server) {
				if test.code != "" {
					s.Fault = func(objecttest.Object, int64) (int, string, int64) { return test.status, test.code, -1 }
				}
			})
			s.Put("factory", "reel.csv", []byte("MAC,cn,cert\n"))
			s.Put("factory", "empty.csv", nil)
			var env []string
			if test.env != "" {
				env = append(env, test.env)
			}
			code, printed := inspectObject(t, s, env, test.args...)
			if code != test.exit {
				t.Errorf("exit code %d: %s", code, printed)
			}
			flat := strings.Join(strings.Fields(printed), " ")
			for _, want := range test.wants {
				if !strings.Contains(flat, want) {
					t.Errorf("%q is missing in %s", want, printed)
				}
			}
		})
	}
}

// A bucket may be in any region, and let the requester pay; a manifest may be an archive, next to a local one.
func TestObjectIsReadWhereverItsBucketIs(t *testing.T) {
	t.Parallel()
	local := clitest.Generate(t, "espressif", 3)
	text, err := os.ReadFile(local)
	if err != nil {
		t.Fatal(err)
	}
	s := objecttest.New(t, func(s *objecttest.Server) { s.Region, s.RequesterPays = "ap-northeast-1", true })
	old := s.Put("factory", "Reel 7+8 (ö)?/100%.csv", text)
	s.Put("factory", "Reel 7+8 (ö)?/100%.csv", []byte("replaced"))
	if code, printed := inspectObject(t, s, nil, "s3://factory/Reel 7+8 (ö)?/100%.csv"); code != 1 ||
		!strings.Contains(printed, "--request-payer requester") {
		t.Errorf("exit code %d: %s", code, printed)
	}
	for _, region := range []string{"AWS_REGION=us-east-1", "AWS_REGION="} {
		code, printed := inspectObject(t, s, []string{region}, "--request-payer=requester",
			"s3://factory/Reel 7+8 (ö)?/100%.csv?versionId="+old.Version, local)
		if code != 0 || !strings.Contains(printed, "s3://factory/Reel 7+8 (ö)?/100%.csv: espressif, 3 entries") ||
			!strings.Contains(printed, "3 skipped") {
			t.Errorf("%s: exit code %d: %s", region, code, printed)
		}
	}
}
