package imports_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// An import of devices that cannot work is found out when the first of them is in the field. It
// must stop before the first call, and only then: what concerns some devices is said.
func TestPoliciesAreJudgedBeforeTheImport(t *testing.T) {
	t.Parallel()
	url, env := clitest.StartSandbox(t), clitest.Environment(t)
	for name, statement := range map[string]string{
		"none":      `"Action":"iot:Publish","Resource":"*"`,
		"line":      `"Action":["iot:Connect","iot:Publish"],"Resource":["*","arn:aws:iot:*:*:topic/${iot:Connection.Thing.Attributes[line]}"]`,
		"cn":        `"Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:Certificate.Subject.CommonName}"`,
		"everybody": `"Action":"iot:Connect","Resource":"*"`,
	} {
		document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + statement + `}}`
		in := &iot.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document}
		if _, err := clitest.Client(url).CreatePolicy(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	issuer := materialtest.NewIssuer("policies")
	reel := filepath.Join(t.TempDir(), "reel.pem")
	if err := os.WriteFile(reel, []byte(issuer.Sign("sensor-1")+issuer.Sign("sensor+2")+issuer.Sign("sensor-3")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"nobody connects": {
			[]string{"import", "--policy", "none"},
			1,
			[]string{"policies: 3 devices: connect 0, refused 3", "nothing was imported: no device would work under the policies as they are (L10)"},
		},
		"an attribute is missing everywhere": {
			[]string{"import", "--policy", "line"}, 1, []string{"warning: 3 devices, L19 iot:Connection.Thing.Attributes[line]: "},
		},
		"the attribute is set": {
			[]string{"import", "--dry-run", "--policy", "line", "--attribute", "line=7"}, 0, []string{"connect 3, refused 0"},
		},
		"another policy lets them connect": {
			[]string{"import", "--dry-run", "--policy", "none", "--policy", "everybody"}, 0, []string{"connect 3, refused 0"},
		},
		"ignored": {[]string{"import", "--dry-run", "--policy", "none", "--ignore-policy"}, 0, []string{"dry run: nothing was imported"}},
		"some are refused": {
			[]string{"import", "--dry-run", "--policy", "cn"},
			0,
			[]string{"3 devices: connect 2, refused 1", "warning: 1 device, L17 ", "thing sensor_2, entry 1 of " + reel},
		},
		"plan":              {[]string{"plan", "--policy", "none"}, 1, []string{"an import would stop: no device would work"}},
		"plan of some":      {[]string{"plan", "--policy", "cn"}, 0, []string{"policies: 3 devices: connect 2, refused 1"}},
		"plan that ignores": {[]string{"plan", "--policy", "none", "--ignore-policy"}, 0, []string{"connect 0, refused 3"}},
		"plan as JSON": {
			[]string{"plan", "--policy", "cn", "--output", "json"},
			0,
			[]string{`"policies":{"devices":3,"connect":2,"refused":1,"blocked":1`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := slices.Concat(test.args, []string{"--endpoint-url", url, "--thing-name", "{cn|replace:+:_}", reel})
			if args[0] == "import" {
				args = append(args, "--yes", "--ledger", filepath.Join(t.TempDir(), "ledger.db"))
			}
			c := exec.Command(clitest.Program(t), args...)
			c.Env = env
			out, _ := c.CombinedOutput() // the exit code is checked
			if code := c.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit code %d", code)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is not printed: %s", want, out)
				}
			}
		})
	}
}
