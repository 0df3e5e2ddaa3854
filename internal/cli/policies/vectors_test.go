package policies_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// askingAWS is a command that asks a sandbox in AWS's place, through a proxy that can disturb it.
type askingAWS struct {
	*exec.Cmd
	sandbox string
	printed bytes.Buffer
	started chan struct{}
}

// Run runs the command.
func (c *askingAWS) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	close(c.started)
	return c.Wait()
}

// signal sends a signal to the command.
func (c *askingAWS) signal(s os.Signal) {
	<-c.started
	_ = c.Process.Signal(s)
}

// newAskingAWS returns a command. Disturb is called for each request with the path; if it reports true the
// request goes no further than it has forwarded it.
func newAskingAWS(t *testing.T, disturb func(c *askingAWS, path string, w http.ResponseWriter, forward func()) bool,
	change func(path string, answer []byte) []byte,
) *askingAWS {
	t.Helper()
	c := &askingAWS{sandbox: clitest.StartSandbox(t), started: make(chan struct{})}
	to, err := url.Parse(c.sandbox)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			content, err := io.ReadAll(r.Body)
			if err != nil || change == nil {
				r.Body = io.NopCloser(bytes.NewReader(content))
				return err
			}
			content = change(r.Request.URL.Path, content)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
			r.Header.Del("Content-Length")
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forward := func() { proxy.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context()))) }
		if disturb == nil || !disturb(c, r.Method+" "+r.URL.Path, w, forward) {
			forward()
		}
	}))
	t.Cleanup(server.Close)
	c.Cmd = c.command(t, "--against-aws", "--yes", "--endpoint-url", server.URL)
	return c
}

func (c *askingAWS) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), clitest.Program(t), append([]string{"policy", "vectors"}, args...)...)
	command.Env = clitest.Environment(t)
	command.Stdout, command.Stderr = &c.printed, &c.printed
	return command
}

// ends waits for the command, and fails the test if it does not end with the code or leaves something.
func (c *askingAWS) ends(t *testing.T, code int) {
	t.Helper()
	_ = c.Run() // the exit code tells
	if got := c.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d: %s", got, code, c.printed.String())
	}
	if left := remaining(t, c.sandbox); left > 0 {
		t.Errorf("%d things, certificates and policies are left: %s", left, c.printed.String())
	}
}

// remaining returns the number of things, certificates and policies.
func remaining(t *testing.T, sandbox string) int {
	t.Helper()
	client := clitest.Client(sandbox)
	things, err := client.ListThings(t.Context(), &iot.ListThingsInput{})
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := client.ListCertificates(t.Context(), &iot.ListCertificatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	policies, err := client.ListPolicies(t.Context(), &iot.ListPoliciesInput{})
	if err != nil {
		t.Fatal(err)
	}
	return len(things.Things) + len(certificates.Certificates) + len(policies.Policies)
}

// Whatever call is denied, nothing must be left in the account.
func TestAskingAWSLeavesNothingAfterAFailure(t *testing.T) {
	t.Parallel()
	for _, denied := range []string{
		"POST /policies/", "POST /things/", "POST /certificate/register-no-ca", "PUT /things/", "POST /test-authorization",
	} {
		t.Run(denied, func(t *testing.T) {
			t.Parallel()
			var created atomic.Bool
			c := newAskingAWS(t, func(_ *askingAWS, path string, w http.ResponseWriter, _ func()) bool {
				if !strings.HasPrefix(path, denied) {
					return false
				}
				if denied == "POST /policies/" && !created.Swap(true) { // the second policy is denied
					return false
				}
				w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"message":"not for you"}`)
				return true
			}, nil)
			c.ends(t, 1)
			if strings.Contains(c.printed.String(), "import stopped") || !strings.Contains(c.printed.String(), "not for you") {
				t.Errorf("printed %s", c.printed.String())
			}
		})
	}
}

// Ctrl-C must not leave a certificate in the account.
func TestAskingAWSLeavesNothingAfterCtrlC(t *testing.T) {
	t.Parallel()
	var once sync.Once // a second Ctrl-C may leave something
	c := newAskingAWS(t, func(c *askingAWS, path string, _ http.ResponseWriter, _ func()) bool {
		if path == "POST /test-authorization" {
			once.Do(func() { c.signal(syscall.SIGINT) })
		}
		return false
	}, nil)
	c.ends(t, 130)
}

// What a killed command left must be found by its name, and nothing else be removed.
func TestCleanUpRemovesWhatAKilledCommandLeft(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"POST /things/", "POST /certificate/register-no-ca", "PUT /things/", "POST /test-authorization"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			c := newAskingAWS(t, func(c *askingAWS, path string, _ http.ResponseWriter, forward func()) bool {
				if strings.HasPrefix(path, at) {
					forward()
					c.signal(os.Kill)
					return true
				}
				return false
			}, nil)
			if err := c.Run(); err == nil {
				t.Fatal("the command was not killed")
			}
			if _, err := clitest.Client(c.sandbox).CreatePolicy(t.Context(), &iot.CreatePolicyInput{
				PolicyName:     aws.String("thingpress-vectors-mine"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}}`),
			}); err != nil {
				t.Fatal(err)
			}
			if left := remaining(t, c.sandbox); left < 2 {
				t.Errorf("%d things, certificates and policies before", left)
			}
			for _, want := range []string{"removed: certificate", "nothing is left"} {
				c.printed.Reset()
				if err := c.command(t, "--clean-up", "--yes", "--endpoint-url", c.sandbox).Run(); err != nil {
					t.Errorf("%v: %s", err, c.printed.String())
				}
				if !strings.Contains(c.printed.String(), want) {
					t.Errorf("printed %s", c.printed.String())
				}
			}
			if left := remaining(t, c.sandbox); left != 1 {
				t.Errorf("%d things, certificates and policies are left: %s", left, c.printed.String())
			}
		})
	}
}

// A vector that AWS decides otherwise must be named.
func TestVectorsThatAWSDecidesOtherwiseAreNamed(t *testing.T) {
	t.Parallel()
	c := newAskingAWS(t, nil, func(path string, answer []byte) []byte {
		if path != "/test-authorization" {
			return answer
		}
		return bytes.ReplaceAll(answer, []byte(`"EXPLICIT_DENY"`), []byte(`"ALLOWED"`))
	})
	c.ends(t, 3)
	if !strings.Contains(c.printed.String(), "differs: NotAction that denies: receive a: explicit-deny; AWS: allowed\n") {
		t.Errorf("printed %s", c.printed.String())
	}
}
