package awsiot_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/iot"
)

// roundTrip is a function that implements http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, code, body string) *http.Response {
	header := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if code != "" {
		header.Set("X-Amzn-ErrorType", code)
	}
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

func open(t *testing.T, transport roundTrip) *awsiot.Client {
	t.Helper()
	c, err := awsiot.Open(t.Context(), awsiot.Options{
		Sandbox: true, Region: "eu-west-1", Endpoint: "http://iot.invalid",
		Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestErrorsAreClassifiedByCode(t *testing.T) {
	t.Parallel()
	const message = `{"message":"m"}`
	for _, test := range []struct {
		name      string
		response  func() (*http.Response, error)
		want      iot.Class
		ambiguous bool
	}{
		{"throttled with 400", say(400, "ThrottlingException", message), iot.ClassThrottled, false},
		{"throttled with 429", say(429, "ThrottlingException", message), iot.ClassThrottled, false},
		{"429 without a code", say(429, "", "{}"), iot.ClassThrottled, false},
		{"code in the body", say(400, "", `{"__type":"ThrottlingException","message":"m"}`), iot.ClassThrottled, false},
		{"code with a URI", say(400, "ThrottlingException:http://internal.amazon.com/coral/", message), iot.ClassThrottled, false},
		{"ten policies", say(410, "LimitExceededException", message), iot.ClassDevice, false},
		{"500", say(500, "InternalFailureException", message), iot.ClassTransient, true},
		{"503", say(503, "ServiceUnavailableException", message), iot.ClassTransient, true},
		{"500 in HTML", say(500, "", "<html>no</html>"), iot.ClassTransient, true},
		{"answer cut off", say(200, "", `{"thingName":`), iot.ClassTransient, true},
		{"400 cut off", say(400, "", `{"__type":"Invalid`), iot.ClassTransient, true},
		{"409 cut off before its first byte", say(409, "", ""), iot.ClassTransient, true},
		{"409 cut off, with a code", say(409, "ResourceAlreadyExistsException", `{"mess`), iot.ClassExists, false},
		{"403 cut off, with a code", say(403, "AccessDeniedException", ""), iot.ClassImport, false},
		{"400 cut off, throttled", say(400, "ThrottlingException:", "{"), iot.ClassThrottled, false},
		{"HTML with a code", say(400, "InvalidRequestException", "<html>no</html>"), iot.ClassDevice, false},
		{"validation", say(400, "CertificateValidationException", message), iot.ClassDevice, false},
		{"missing", say(404, "ResourceNotFoundException", message), iot.ClassNotFound, false},
		{"fleet index", say(400, "IndexNotReadyException", message), iot.ClassImport, false},
		{"version", say(409, "VersionConflictException", message), iot.ClassConflict, false},
		{"denied", say(403, "AccessDeniedException", message), iot.ClassImport, false},
		{"unauthorized", say(401, "UnauthorizedException", message), iot.ClassImport, false},
		{"another server", say(404, "", "<html>no</html>"), iot.ClassImport, false},
		{"reset", fail(&net.OpError{Op: "read", Err: errors.New("connection reset")}), iot.ClassTransient, true},
		{"refused", fail(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), iot.ClassTransient, false},
		{"untrusted", fail(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}), iot.ClassImport, false},
		{"no such host", fail(&net.DNSError{Err: "no such host", Name: "iot.invalid"}), iot.ClassTransient, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, func(*http.Request) (*http.Response, error) { return test.response() })
			var e *iot.APIError
			err := c.CreateThing(t.Context(), iot.Thing{Name: "a"})
			if !errors.As(err, &e) || e.Class != test.want || e.Ambiguous != test.ambiguous || e.Operation != "CreateThing" {
				t.Errorf("%#v, want class %v, ambiguous %v", err, test.want, test.ambiguous)
			}
		})
	}
}

// Without its end an answer may be believed only after a while.
func TestErrorThatEndsEarlyIsMarked(t *testing.T) {
	t.Parallel()
	for body, cut := range map[string]bool{
		"": true, "{": true, `{"message":"m"`: true,
		`{"message":"m"}`: false, "<html>": false, "1": false,
	} {
		c := open(t, func(*http.Request) (*http.Response, error) { return answer(403, "AccessDeniedException", body), nil })
		var e *iot.APIError
		if err := c.CreateThing(t.Context(), iot.Thing{Name: "a"}); !errors.As(err, &e) || e.Cut != cut || e.Code != "AccessDeniedException" {
			t.Errorf("%q: %+v", body, e)
		}
	}
}

// An empty answer would be read as a device without certificate, type or policies.
func TestReadWithoutAnAnswerIsTriedAgain(t *testing.T) {
	t.Parallel()
	c := open(t, func(*http.Request) (*http.Response, error) { return answer(200, "", ""), nil })
	_, described := c.DescribeCertificate(t.Context(), "id")
	_, _, listed := c.ListAttachedPolicies(t.Context(), "arn", "")
	for _, err := range []error{described, listed} {
		if iot.ClassOf(err) != iot.ClassTransient {
			t.Errorf("%v", err)
		}
	}
	if err := c.AttachPolicy(t.Context(), "p", "arn"); err != nil {
		t.Errorf("AWS answers this without a body: %v", err)
	}
}

// lateReader looks for the end of a request's body when the answer's body is read, as net/http
// may do.
type lateReader struct {
	io.ReadCloser
	request io.Reader
}

func (l lateReader) Read(p []byte) (int, error) {
	if _, err := io.Copy(io.Discard, l.request); err != nil {
		return 0, fmt.Errorf("the connection closes because the request ended with %w", err)
	}
	return l.ReadCloser.Read(p)
}

func TestRequestBodyIsNotClosedUnderTheTransport(t *testing.T) {
	t.Parallel()
	c := open(t, func(r *http.Request) (*http.Response, error) {
		response := answer(409, "ResourceAlreadyExistsException", `{"message":"m","resourceId":"i"}`)
		response.Body = lateReader{response.Body, r.Body}
		return response, nil
	})
	var e *iot.APIError
	if _, err := c.RegisterCertificateWithoutCA(t.Context(), "pem", iot.StatusActive); !errors.As(err, &e) || e.ResourceID != "i" {
		t.Errorf("%v", err)
	}
}

func TestAccountIsAskedAgainIfItsAnswerEndsEarly(t *testing.T) {
	t.Parallel()
	const whole = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:iam::111122223333:user/u</Arn><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	for _, first := range []*http.Response{answer(200, "", whole[:60]), answer(403, "", "<Err"), answer(200, "", "")} {
		synctest.Test(t, func(t *testing.T) {
			answers := []*http.Response{first, answer(200, "", whole)}
			c := open(t, func(*http.Request) (*http.Response, error) {
				next := answers[0]
				answers = answers[1:]
				return next, nil
			})
			if account, err := c.Account(t.Context()); err != nil || account.ID != "111122223333" {
				t.Errorf("%+v, %v", account, err)
			}
		})
	}
}

func say(status int, code, body string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return answer(status, code, body), nil }
}

func fail(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

func TestInputThatMakesNoRequestIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	c := open(t, func(*http.Request) (*http.Response, error) { return answer(200, "", "{}"), nil })
	var e *iot.APIError
	if err := c.AttachPolicy(t.Context(), "", "arn"); !errors.As(err, &e) || e.Class != iot.ClassDevice {
		t.Errorf("%v", err)
	}
}

func TestWhatExistsIsNamed(t *testing.T) {
	t.Parallel()
	c := open(t, func(*http.Request) (*http.Response, error) {
		return answer(409, "ResourceAlreadyExistsException", `{"message":"m","resourceId":"i","resourceArn":"arn:x"}`), nil
	})
	_, err := c.RegisterCertificateWithoutCA(t.Context(), "pem", iot.StatusActive)
	var e *iot.APIError
	if !errors.As(err, &e) || e.Class != iot.ClassExists || e.ResourceID != "i" || e.ResourceARN != "arn:x" {
		t.Errorf("%#v", err)
	}
}

func TestOneCallIsOneRequest(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ThrottlingException", "LimitExceededException", "InternalFailureException"} {
		var requests atomic.Int64
		c := open(t, func(*http.Request) (*http.Response, error) {
			requests.Add(1)
			return answer(500, code, "{}"), nil
		})
		_ = c.CreateThing(t.Context(), iot.Thing{Name: "a"})
		if n := requests.Load(); n != 1 {
			t.Errorf("%s: %d requests, so the SDK retried without the limiter", code, n)
		}
	}
}

func TestCallThatIsNeverAnsweredEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		started := time.Now()
		err := c.CreateThing(t.Context(), iot.Thing{Name: "a"})
		var e *iot.APIError
		if !errors.As(err, &e) || e.Class != iot.ClassTransient || !e.Ambiguous || time.Since(started) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(started))
		}
	})
}

func TestExpiredCredentialsAreRenewedOnceAndThenStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, func(*http.Request) (*http.Response, error) {
			return answer(403, "ExpiredTokenException", `{"message":"expired"}`), nil
		})
		want := []iot.Class{iot.ClassTransient, iot.ClassCredentials}
		for i, class := range want {
			time.Sleep(time.Second) // simulated
			var e *iot.APIError
			if err := c.CreateThing(t.Context(), iot.Thing{Name: "a"}); !errors.As(err, &e) || e.Class != class || e.Ambiguous {
				t.Errorf("call %d: %v, want class %v", i, err, class)
			}
		}
	})
}

func TestWrongClockIsCorrectedOnceFromTheAnswer(t *testing.T) {
	t.Parallel()
	for _, helps := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			const off = 3 * time.Hour
			c := open(t, func(r *http.Request) (*http.Response, error) {
				theirs := time.Now().Add(off)
				signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
				if err != nil {
					return nil, err
				}
				response := answer(200, "", "{}")
				if !helps || theirs.Sub(signed).Abs() > 5*time.Minute {
					response = answer(403, "RequestTimeTooSkewed", `{"message":"skewed"}`)
				}
				response.Header.Set("Date", theirs.UTC().Format(http.TimeFormat))
				return response, nil
			})
			var e *iot.APIError
			if err := c.CreateThing(t.Context(), iot.Thing{Name: "a"}); !errors.As(err, &e) || e.Class != iot.ClassTransient {
				t.Errorf("first call: %v", err)
			}
			time.Sleep(time.Second) // simulated
			err := c.CreateThing(t.Context(), iot.Thing{Name: "a"})
			if helps && err != nil || !helps && (!errors.As(err, &e) || e.Class != iot.ClassClockSkew) {
				t.Errorf("second call, helps %v: %v", helps, err)
			}
			if d := c.Now().Sub(time.Now().Add(off)); d.Abs() > 2*time.Second {
				t.Errorf("AWS's clock is off by %v", d)
			}
		})
	}
}

func TestRequestsNameThingpress(t *testing.T) {
	t.Parallel()
	var agent string
	c := open(t, func(r *http.Request) (*http.Response, error) {
		agent = r.Header.Get("User-Agent")
		return answer(200, "", "{}"), nil
	})
	if err := c.CreateThing(context.Background(), iot.Thing{Name: "a"}); err != nil || !strings.Contains(agent, "thingpress/") {
		t.Error(fmt.Sprint(err), agent)
	}
}
