package quotas_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// An account is a sandbox served over HTTP that records requests to Service Quotas.
type account struct {
	url      string
	requests []string
}

// newAccount serves a sandbox that denies the operation with the name deny.
func newAccount(t *testing.T, deny string) *account {
	t.Helper()
	quotas := map[string]float64{sandbox.RegistrationQuota: 15}
	for _, d := range quota.Defaults() {
		quotas[string(d.Op)] = d.TPS
	}
	server, err := sandbox.New(sandbox.Options{Quotas: quotas})
	if err != nil {
		t.Fatal(err)
	}
	a := &account{}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		if deny != "" && strings.HasSuffix(target, deny) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","Message":"not allowed"}`)
			return
		}
		if strings.HasSuffix(target, "RequestServiceQuotaIncrease") {
			body, _ := io.ReadAll(r.Body)
			a.requests = append(a.requests, string(body))
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(service.Close)
	a.url = service.URL
	return a
}

// run runs a command against the account. The user types answer at a terminal; if it is
// empty there is no terminal.
func (a *account) run(t *testing.T, answer string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--endpoint-url", a.url, "--region", "us-east-1")
	code = cli.Main(context.Background(), args, terminal.Streams{
		In: strings.NewReader(answer), Out: &out, Err: &errs, InTerminal: answer != "", ErrTerminal: answer != "",
		Width: func() int { return 80 }, LookupEnv: func(string) (string, bool) { return "", false },
	})
	return code, out.String(), errs.String()
}

// The test sets the environment of the AWS SDK, so it is not parallel.
func TestQuotaRequestsAreFiledOnlyWhenConfirmed(t *testing.T) {
	withCredentials(t)
	for _, test := range []struct {
		name, answer string
		flags        []string
		code, filed  int
		says         string
	}{
		{"shown only", "", nil, 0, 0, "aws service-quotas request-service-quota-increase " +
			"--service-code iotcore --quota-code L-4671C7C8 --desired-value 28 --region us-east-1 --endpoint-url"},
		{"no terminal", "", []string{"--request"}, 2, 0, "add --yes"},
		{"a no", "n\n", []string{"--request"}, 1, 0, "not confirmed"},
		{"no answer", "\n", []string{"--request"}, 1, 0, "not confirmed"},
		{"a yes", "y\n", []string{"--request"}, 0, 3, "file 3 requests for account 123456789012"},
		{"not asked", "", []string{"--request", "--yes"}, 0, 3, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAccount(t, "")
			code, stdout, stderr := a.run(t, test.answer, append([]string{"quotas", "--policy", "p", "--rate", "100000/h"}, test.flags...)...)
			if code != test.code || len(a.requests) != test.filed || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, want %d; %d requests, want %d: %s\n%s%s", code, test.code, len(a.requests), test.filed, a.requests, stdout,
					stderr)
			}
			if test.filed > 0 && strings.Count(stdout, "\nrequested 28/s of ") != test.filed {
				t.Errorf("the requests are not printed:\n%s", stdout)
			}
		})
	}
}

func TestJointLimitIsShownAndAskedForWhereTheAccountHasIt(t *testing.T) {
	withCredentials(t)
	a := newAccount(t, "")
	_, stdout, _ := a.run(t, "", "quotas", "--rate", "20/s")
	if want := "\ncertificates registered\tL-3E927DFC\t15\t15\taccount\t1\t21\tyes\t21\n"; !strings.Contains(stdout, want) {
		t.Errorf("%q is not in\n%s", want, stdout)
	}
}

func TestQuotasWithoutPermissionAreTheDefaults(t *testing.T) {
	withCredentials(t)
	a := newAccount(t, "ListServiceQuotas")
	code, stdout, stderr := a.run(t, "", "quotas", "--policy", "p")
	if code != 0 || !strings.Contains(stderr, "could not be read, so the defaults are shown") || !strings.Contains(stderr, "AccessDenied") ||
		!strings.Contains(stdout, "RegisterCertificateWithoutCA\tL-4671C7C8\t10\t10\tdefault") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestRefusedQuotaRequestExitsWithFailure(t *testing.T) {
	withCredentials(t)
	a := newAccount(t, "RequestServiceQuotaIncrease")
	code, _, stderr := a.run(t, "", "quotas", "--rate", "100000/h", "--request", "--yes")
	if code != 1 || !strings.Contains(stderr, "request quota L-4671C7C8") || !strings.Contains(stderr, "hint: ") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

func withCredentials(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}
