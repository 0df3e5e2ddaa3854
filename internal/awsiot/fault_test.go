package awsiot_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/iot"
)

// An operator who reads the SDK's chain of causes does not know what to do.
func TestFaultsHaveNamesAndSentences(t *testing.T) {
	t.Parallel()
	dial := func(number syscall.Errno) func() (*http.Response, error) {
		return fail(&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", number)})
	}
	for _, test := range []struct {
		name     string
		response func() (*http.Response, error)
		fault    iot.Fault
		text     string
	}{
		{"refused", dial(syscall.ECONNREFUSED), iot.FaultRefused, "iot.invalid refuses connections"},
		{"no route", dial(syscall.EHOSTUNREACH), iot.FaultNoRoute, "iot.invalid cannot be reached from this network"},
		{"no network", dial(syscall.ENETUNREACH), iot.FaultNoRoute, "iot.invalid cannot be reached from this network"},
		{"no answer", fail(&net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}), iot.FaultSilent, "iot.invalid does not answer"},
		{"reset", dial(syscall.ECONNRESET), iot.FaultBroken, "the connection to iot.invalid broke"},
		{"closed", fail(io.EOF), iot.FaultBroken, "the connection to iot.invalid broke"},
		{
			"unknown name", fail(&net.DNSError{Err: "no such host", Name: "iot.invalid", IsNotFound: true}),
			iot.FaultUnknownHost, "the host name iot.invalid is unknown",
		},
		{
			"region", fail(&net.DNSError{Err: "no such host", Name: "iot.eu-west-9.amazonaws.com", IsNotFound: true}),
			iot.FaultNoEndpoint, "AWS has no endpoint iot.eu-west-9.amazonaws.com",
		},
		{
			"no DNS", fail(&net.DNSError{Err: "no such host", Name: "iot.eu-west-1.amazonaws.com", IsNotFound: true}),
			iot.FaultUnknownHost, "the host name iot.eu-west-1.amazonaws.com is unknown",
		},
		{
			"plain proxy", say(407, "", ""), iot.FaultProxyPassword,
			"the proxy demands a user name and a password: 407 Proxy Authentication Required",
		},
		{"another server", say(404, "", "<html>no</html>"), iot.FaultForeign, "the endpoint does not answer as AWS does: 404 Not Found"},
		{"expired", say(403, "ExpiredTokenException", `{"message":"m"}`), iot.FaultExpired, "ExpiredTokenException: m"},
		{"unknown key", say(403, "UnrecognizedClientException", `{"message":"m"}`), iot.FaultUnknownKey, "UnrecognizedClientException: m"},
		{
			"signed for another region",
			say(403, "InvalidSignatureException", `{"message":"Credential should be scoped to a valid region, not 'a'."}`), iot.FaultWrongRegion,
			"InvalidSignatureException: Credential should be scoped to a valid region, not 'a'.",
		},
		{
			"secrets",
			say(403, "InvalidSignatureException",
				`{"message":"no match.\n\nThe Canonical String for this request should have been\n'x-amz-security-token:S'"}`),
			iot.FaultWrongSignature, "InvalidSignatureException: no match.",
		},
		{"denied", say(403, "AccessDeniedException", `{"message":"m"}`), iot.FaultDenied, "AccessDeniedException: m"},
		{"page that ends early", say(404, "", "{"), iot.FaultForeign, "the endpoint does not answer as AWS does: 404 Not Found"},
		{"throttled", say(429, "", "{}"), iot.FaultBusy, "the endpoint answers 429 Too Many Requests"},
		{"5xx", say(503, "", "<html>no</html>"), iot.FaultBusy, "the endpoint answers 503 Service Unavailable"},
		{"cut off", say(200, "", `{"thing`), iot.FaultBroken, "the connection to the endpoint broke"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, func(*http.Request) (*http.Response, error) { return test.response() })
			var e *iot.APIError
			err := c.CreateThing(t.Context(), iot.Thing{Name: "a"})
			if !errors.As(err, &e) || e.Fault != test.fault || e.Action != "iot:CreateThing" {
				t.Fatalf("%#v", err)
			}
			if test.text != "" && e.Error() != "CreateThing: "+test.text {
				t.Error(e)
			}
		})
	}
}

func TestDeniedCallNamesTheActionThatAWSNames(t *testing.T) {
	t.Parallel()
	c := open(t, func(*http.Request) (*http.Response, error) {
		const message = "User: arn:aws:iam::1:user/a is not authorized to perform: iot:TagResource on resource: b"
		return answer(403, "AccessDeniedException", `{"message":"`+message+`"}`), nil
	})
	var e *iot.APIError
	if err := c.CreateThing(t.Context(), iot.Thing{Name: "a"}); !errors.As(err, &e) || e.Action != "iot:TagResource" {
		t.Errorf("%+v", e)
	}
}

// A proxy that inspects TLS is often the reason why nothing works in a factory.
func TestUntrustedCertificateIsNamed(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	c, err := awsiot.Open(t.Context(), awsiot.Options{Sandbox: true, Region: "eu-west-1", Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Account(t.Context())
	var e *iot.APIError
	if !errors.As(err, &e) || e.Fault != iot.FaultUntrusted || !strings.HasSuffix(server.URL, e.Host) || e.Class != iot.ClassImport {
		t.Errorf("%+v: %v", e, err)
	}
}

func TestExplainedErrorHasNoWordsOfTheSDK(t *testing.T) {
	t.Parallel()
	client := sts.New(sts.Options{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIA", "s", ""), Retryer: aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return answer(403, "", `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`), nil
		})},
	})
	_, err := client.GetCallerIdentity(t.Context(), nil)
	explained := awsiot.Explain(fmt.Errorf("stack a: %w", err))
	var e *iot.APIError
	if explained.Error() != "stack a: GetCallerIdentity: AccessDenied: no" || !errors.Is(explained, err) || !errors.As(explained, &e) ||
		e.Action != "sts:GetCallerIdentity" {
		t.Errorf("%v, %+v", explained, e)
	}
	other := errors.New("other")
	if awsiot.Explain(other) != other || awsiot.Explain(nil) != nil { //nolint:errorlint // it must be the same, not wrapped
		t.Error("another error changed")
	}
}
