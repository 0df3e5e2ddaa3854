package cli_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
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
	closed := closedAddress(t)
	for _, test := range []struct{ name, environment, endpoint, text, hint string }{
		{"refused", key, "http://" + closed, closed + " refuses connections", "correct --endpoint-url, or start what should answer there"},
		{"unknown host", key, "https://nowhere.invalid", "the host name nowhere.invalid is unknown", "correct --endpoint-url"},
		{"untrusted", key, tls.URL, "is not trusted: x509: certificate signed by unknown authority", "AWS_CA_BUNDLE"},
		{"no TLS", key, "https:" + strings.TrimPrefix(answering(t, 200, ""), "http:"), "does not speak TLS", "begin --endpoint-url with http:"},
		{"proxy", key + proxy + answering(t, 407, ""), "", "demands a user name and a password: 407", "put them into HTTPS_PROXY"},
		{"proxy refuses", key + proxy + answering(t, 403, ""), "", "refuses the connection: 403 Forbidden", "NO_PROXY"},
		{"no proxy", key + proxy + "http://" + closed, "", "the proxy " + closed + " cannot be reached", "correct HTTPS_PROXY"},
		{"no credentials", "AWS_EC2_METADATA_DISABLED=true", "", "there are no AWS credentials", "name a profile with --profile"},
		{"expired", key, answering(t, 403, "ExpiredToken"), "ExpiredToken: the reason", "renew the credentials (for example: aws sso login)"},
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

// closedAddress returns an address at which nothing listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

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
