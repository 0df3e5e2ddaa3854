package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// open returns a sandbox that is closed at the end of the test.
func open(t testing.TB, options Options) *Server {
	t.Helper()
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// clients are the SDK's clients. They do not retry, so a test sees every answer.
type clients struct {
	*iot.Client
	data   *iotdataplane.Client
	sts    *sts.Client
	quotas *servicequotas.Client
}

func connect(base string, client aws.HTTPClient) clients {
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: &base, HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	return clients{
		iot.NewFromConfig(config), iotdataplane.NewFromConfig(config), sts.NewFromConfig(config),
		servicequotas.NewFromConfig(config),
	}
}

// dial serves a sandbox over a socket and returns the SDK's clients for it.
func dial(t testing.TB, s *Server) clients {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return connect(server.URL, &http.Client{Transport: audited{server.Client().Transport}})
}

// direct returns clients that call a sandbox without a socket.
func direct(s *Server) clients {
	return connect("http://sandbox.invalid", &http.Client{Transport: audited{Transport(s)}})
}

// bare makes a call without the SDK, which takes longer than the sandbox. It returns the error
// code, "" for success, or "dropped".
func bare(t *testing.T, transport http.RoundTripper, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://sandbox.invalid"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := transport.RoundTrip(request)
	if errors.As(err, &dropError{}) {
		return "dropped"
	}
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.Header.Get("X-Amzn-Errortype")
}

var serial atomic.Int64

// bigInt returns a unique serial number.
func bigInt() *big.Int { return big.NewInt(serial.Add(1)) }

// mint returns the PEM of a certificate from a template, signed by its own key.
func mint(t testing.TB, change func(*x509.Certificate)) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: bigInt(), Subject: pkix.Name{CommonName: "device"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return encode(der)
}

func encode(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// codeOf returns the error code of an answer, or "" for success.
func codeOf(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
