package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

func TestListenServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(cancel, stop func()){
		"stop":    func(_, stop func()) { stop(); stop() },
		"context": func(cancel, stop func()) { cancel(); stop() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			url, stop, err := Listen(ctx, open(t, Options{}), "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c := connect(url, &http.Client{Transport: &http.Transport{}})
			if _, err := c.DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{}); err != nil {
				t.Error(err)
			}
			if _, _, err := Listen(ctx, open(t, Options{}), strings.TrimPrefix(url, "http://")); err == nil {
				t.Error("a second server listens on the same address")
			}
			end(cancel, stop)
			if _, err := c.DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{}); err == nil {
				t.Error("it still answers after the end")
			}
		})
	}
}

// Answers are the same with and without a socket, including the headers.
func TestTransportAnswersAsASocketDoes(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	url, stop, err := Listen(t.Context(), s, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, path := range []string{"/things", "/things/no", "/nothing"} {
		ask := func(client *http.Client) *http.Response {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close() // it was not read
			return response
		}
		a, b := ask(&http.Client{Transport: Transport(s)}), ask(&http.Client{Transport: &http.Transport{}})
		if a.Status != b.Status || a.StatusCode != b.StatusCode || a.ContentLength != b.ContentLength || len(a.Header) != len(b.Header) {
			t.Errorf("%s: %+v, and over a socket %+v", path, a, b)
		}
	}
}

func TestTransportKeepsToTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := open(t, Options{})
	if _, err := direct(s).CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("t")}); err == nil || len(s.State().Things) != 0 {
		t.Errorf("%v, and %d things", err, len(s.State().Things))
	}
	body := &closedBody{Reader: strings.NewReader("{}")}
	request := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodPost, "http://sandbox.invalid/things/t", body))
	response, err := Transport(s).RoundTrip(request)
	if err == nil {
		response.Body.Close()
	}
	if !errors.Is(err, context.Canceled) || !body.closed {
		t.Errorf("%v, and the body is closed: %v; the contract of a round tripper is to close it", err, body.closed)
	}
}

// closedBody is a body that knows whether it was closed.
type closedBody struct {
	io.Reader
	closed bool
}

func (b *closedBody) Close() error {
	b.closed = true
	return nil
}

func TestStrictSandboxKeepsDeprecatedTypesForFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, ctx := direct(open(t, Options{Strict: true})), t.Context()
		kind := aws.String("sensor")
		_ = must[*iot.CreateThingTypeOutput](t)(c.CreateThingType(ctx, &iot.CreateThingTypeInput{ThingTypeName: kind}))
		_ = must[*iot.DeprecateThingTypeOutput](t)(c.DeprecateThingType(ctx, &iot.DeprecateThingTypeInput{ThingTypeName: kind}))
		time.Sleep(5*time.Minute - time.Millisecond)
		if _, err := c.DeleteThingType(ctx, &iot.DeleteThingTypeInput{ThingTypeName: kind}); codeOf(err) != refused {
			t.Errorf("before five minutes: %v", err)
		}
		time.Sleep(time.Millisecond)
		if _, err := c.DeleteThingType(ctx, &iot.DeleteThingTypeInput{ThingTypeName: kind}); err != nil {
			t.Errorf("after five minutes: %v", err)
		}
	})
}

func TestEnsureCreatesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Quotas: map[string]float64{"CreatePolicy": 1}, Faults: Faults{Error: 1}})
	for _, want := range []string{"policy p, policy q, thing type k, thing group g, billing group b", ""} {
		created, err := s.Ensure([]string{"p", "q"}, "k", []string{"g", "g"}, "b")
		if got := strings.Join(created, ", "); err != nil || got != want {
			t.Errorf("created %q, %v; want %q", got, err, want)
		}
	}
	if len(s.Calls()) != 0 {
		t.Errorf("calls were counted: %v", s.Calls())
	}
	if _, err := s.Ensure(nil, "", []string{"bad name"}, ""); err == nil || !strings.Contains(err.Error(), "bad name") {
		t.Errorf("an invalid name: %v", err)
	}
	s.SetFaults(Faults{})
	_ = must[*iot.DescribeThingTypeOutput](t)(direct(s).
		DescribeThingType(t.Context(), &iot.DescribeThingTypeInput{ThingTypeName: aws.String("k")}))
}

// If two calls run concurrently, each of them takes effect or is refused. Only one of them
// registers the same certificate.
func TestOneOfManyRegistersACertificate(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	c := dial(t, s)
	certificate := mint(t, nil)
	codes := make(chan string)
	const callers = 16
	for range callers {
		go func() {
			_, err := c.RegisterCertificateWithoutCA(t.Context(),
				&iot.RegisterCertificateWithoutCAInput{CertificatePem: &certificate, Status: types.CertificateStatusActive})
			codes <- codeOf(err)
		}()
	}
	count := map[string]int{}
	for range callers {
		count[<-codes]++
	}
	if count[""] != 1 || count[there] != callers-1 || s.Created()["RegisterCertificateWithoutCA"] != 1 {
		t.Errorf("outcomes %v", count)
	}
}
