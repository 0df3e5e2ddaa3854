package cli_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A message must say what AWS or the network answered, and what to do, instead of the SDK's words.
func TestEveryFaultOfTheFirstCallHasItsOwnWords(t *testing.T) {
	t.Parallel()
	const key, proxy = "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=secret", " HTTPS_PROXY="
	manifest, err := filepath.Abs("../../examples/espressif.csv")
	if err != nil {
		t.Fatal(err)
	}
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	t.Cleanup(tls.Close)
	for _, test := range []struct{ name, environment, endpoint, text, hint string }{
		{"refused", key, "http://" + closed, closed + " refuses connections", "correct --endpoint-url, or start what should answer there"},
		{"unknown host", key, "https://" + tooLong, "the host name " + tooLong + " is unknown", "correct --endpoint-url"},
		{"untrusted", key, tls.URL, "is not trusted: x509: certificate signed by unknown authority", "AWS_CA_BUNDLE"},
		{"no TLS", key, "https:" + strings.TrimPrefix(answering(t, 200, ""), "http:"), "does not speak TLS", "begin --endpoint-url with http:"},
		{"proxy", key + proxy + answering(t, 407, ""), "", "demands a user name and a password: 407", "put them into HTTPS_PROXY"},
		{"proxy refuses", key + proxy + answering(t, 403, ""), "", "refuses the connection: 403 Forbidden", "NO_PROXY"},
		{"no proxy", key + proxy + "http://" + closed, "", "the proxy " + closed + " cannot be reached", "correct HTTPS_PROXY"},
		{"no credentials", "AWS_EC2_METADATA_DISABLED=true", "", "there are no AWS credentials", "name a profile with --profile"},
		{
			"expired", key, answering(t, 403, "ExpiredToken"), "ExpiredToken: the reason",
			"renew the credentials, for example with 'aws sso login'",
		},
		{"key", key, answering(t, 403, "InvalidClientTokenId"), "InvalidClientTokenId: the reason", "correct the credentials"},
		{"denied", key, answering(t, 403, "AccessDenied"), "AccessDenied: the reason", "allow sts:GetCallerIdentity for these credentials"},
		{"other server", key, answering(t, 404, ""), "does not answer as AWS does: 404 Not Found", "login page of the network"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"import", "--yes", "--policy", "p", "--region", "eu-west-1", manifest}
			if test.endpoint != "" {
				args = append(args, "--endpoint-url", test.endpoint)
			}
			c := exec.Command(clitest.Program(t), args...)
			c.Env = append(clitest.Environment(t), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_CONFIG_FILE=", "AWS_PROFILE=")
			c.Env = append(c.Env, strings.Fields(test.environment)...)
			out, _ := c.CombinedOutput() // the exit code is checked
			if code := c.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			message, hint, _ := strings.Cut(string(out), "hint: ")
			if !strings.Contains(message, test.text) || !strings.Contains(hint, test.hint) {
				t.Errorf("%q and %q are not in:\n%s", test.text, test.hint, out)
			}
			for _, chain := range []string{"operation error", "StatusCode", "api error", "dial tcp"} {
				if strings.Contains(string(out), chain) {
					t.Errorf("%q is in:\n%s", chain, out)
				}
			}
		})
	}
}

// What is wrong with the configuration of AWS, or with a source of credentials that it names, is said
// with the profile, the region or the role.
func TestEveryFaultOfTheConfigurationHasItsOwnWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte(`[profile factory]
region = eu-west-1
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
[profile role]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/importer
source_profile = factory
[profile sso]
region = eu-west-1
sso_session = session
sso_account_id = 123456789012
sso_role_name = importer
[sso-session session]
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start
`), 0o600); err != nil {
		t.Fatal(err)
	}
	manifest, err := filepath.Abs("../../examples/espressif.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, args, environment, text, hint string }{
		{"no region", "", "", "no region is set", "name a region with --region or AWS_REGION"},
		{"misspelt profile", "--profile factroy", "", "there is no profile factroy", "correct it with --profile factory"},
		{"unknown profile", "--profile x", "", "there is no profile x", "list the profiles with 'aws configure list-profiles'"},
		{"never logged in", "--profile sso", "", "nobody has logged in yet", "log in with 'aws sso login --profile sso'"},
		{
			"no credentials for a sandbox", "--region eu-west-1 --endpoint-url http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED=true",
			"there are no AWS credentials", "a sandbox accepts any values",
		},
		{
			"role", "--profile role", "AWS_ENDPOINT_URL_STS=" + answering(t, 403, "AccessDenied"),
			"cannot be obtained: AssumeRole: AccessDenied: the reason", "allow sts:AssumeRole for the profile's source",
		},
		{
			"network of a role", "--profile role", "AWS_ENDPOINT_URL_STS=http://" + closed,
			" refuses connections", "correct --endpoint-url, or start what should answer there",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := exec.Command(clitest.Program(t), append(strings.Fields("import --yes --policy p "+test.args), manifest)...)
			c.Env = append(clitest.Environment(t), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_PROFILE=", "AWS_REGION=",
				"AWS_DEFAULT_REGION=", "AWS_CONFIG_FILE="+config, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none"))
			c.Env = append(c.Env, strings.Fields(test.environment)...)
			out, _ := c.CombinedOutput() // the exit code is checked
			if code := c.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			message, hint, _ := strings.Cut(string(out), "hint: ")
			if !strings.Contains(message, test.text) || !strings.Contains(hint, test.hint) {
				t.Errorf("%q and %q are not in:\n%s", test.text, test.hint, out)
			}
		})
	}
}

// closed is an address at which nothing listens. A port that a listener has just freed could be the next test's, and
// the system gives port 1 to nobody.
const closed = "127.0.0.1:1"

// tooLong is longer than a host name may be, so that it is unknown without asking a server.
var tooLong = strings.Repeat("nowhere.", 31) + "invalid"

// answering returns the URL of a server that answers every call with a status, and an error code as
// STS has it.
func answering(t *testing.T, status int, code string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if code != "" {
			fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>the reason</Message></Error></ErrorResponse>", code)
			return
		}
		fmt.Fprint(w, "<html></html>")
	}))
	t.Cleanup(server.Close)
	return server.URL
}
