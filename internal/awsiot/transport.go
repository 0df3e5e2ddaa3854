package awsiot

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

const (
	// connections is the number of connections kept open, one for each call that a full window
	// of devices can have in flight.
	connections = 1024
	dialTimeout = 5 * time.Second
	idleTimeout = 60 * time.Second
)

// newTransport returns a transport that trusts roots; nil for those of the system.
func newTransport(proxies bool, roots *x509.CertPool) *http.Transport {
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          connections,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       idleTimeout,
		TLSHandshakeTimeout:   dialTimeout,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		DisableCompression:    true, // answers are small
	}
	if proxies {
		t.Proxy, t.OnProxyConnectResponse = http.ProxyFromEnvironment, onProxy
	}
	return t
}

// An observer makes HTTP requests for the SDK, and reads AWS's clock from every answer.
type observer struct {
	send  func(*http.Request) (*http.Response, error)
	clock *clock
}

// Do implements the SDK's HTTPClient.
func (o *observer) Do(request *http.Request) (*http.Response, error) {
	request, err := inMemory(request)
	if err != nil {
		return nil, err
	}
	response, err := o.send(request)
	noteAnswer(request, response)
	if err != nil {
		return nil, &hostError{request.URL.Host, err}
	}
	o.clock.observe(response.Header.Get("Date"))
	if hasBody(request, response) {
		response.Body = &neverEmpty{ReadCloser: response.Body}
	}
	return response, nil
}

// maxInMemory is the number of bytes of a body up to which a request is sent from memory. All
// bodies are smaller, except those of uploads to S3.
const maxInMemory = 1 << 20

// inMemory returns the request with a body that the SDK cannot close, unless the body is large.
//
// The SDK closes the body of a request when it has the headers of the answer. At that time
// net/http may still have to look for the end of the body. The SDK's closed reader returns
// io.EOF from WriteTo, where io.WriterTo demands nil. net/http takes that for a request that could
// not be sent and closes the connection, and the body of the answer can no longer be read
// (smithy-go v1.28.8, safeWriteToReadCloser; Go 1.26.8, transferWriter.writeBody). With an
// answer whose body followed its headers by a millisecond this broke 50 to 90 of 720 calls.
//
// net/http also sends such a body in one segment with the headers.
func inMemory(request *http.Request) (*http.Request, error) {
	if request.Body == nil || request.Body == http.NoBody || request.ContentLength < 0 || request.ContentLength > maxInMemory {
		return request, nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	copied := request.WithContext(request.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return copied, request.Body.Close()
}

// hasBody reports whether AWS answers with a body, as it does to every call that reads and with
// every error. Answers to other calls may be empty, and so may objects in S3.
func hasBody(request *http.Request, response *http.Response) bool {
	if awsmiddleware.GetServiceID(request.Context()) == "S3" {
		return false
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return true
	}
	operation := awsmiddleware.GetOperationName(request.Context())
	for _, verb := range [...]string{"Describe", "Get", "List"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}

// neverEmpty is a body that must not be empty. The SDK takes an empty answer for one in which
// everything is missing, but it is one that was cut off before its first byte.
type neverEmpty struct {
	io.ReadCloser
	begun bool
}

// Read implements [io.Reader].
func (b *neverEmpty) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.begun = b.begun || n > 0
	if err == io.EOF && !b.begun {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// A clock is AWS's clock, from the Date of the last answer.
type clock struct {
	last     atomic.Pointer[reading]
	corrects atomic.Bool // AWS refused our time, so its own is used for signing
}

type reading struct {
	text   string
	date   time.Time
	offset time.Duration // from our clock to AWS's
}

// observe reads the Date header of an answer that has just arrived.
func (c *clock) observe(date string) {
	last := c.last.Load()
	if date == "" || last != nil && last.text == date {
		return // the first answer of a second is the most precise
	}
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.last.Store(&reading{text: date, date: at, offset: time.Until(at)})
}

// now returns AWS's time. Date is truncated to whole seconds, so the result is ahead of AWS's
// clock by no more than AWS's machines differ.
func (c *clock) now() time.Time {
	last := c.last.Load()
	if last == nil {
		return time.Now()
	}
	return time.Now().Add(last.offset).Round(0)
}

// date returns AWS's time of the last answer.
func (c *clock) date() time.Time {
	if last := c.last.Load(); last != nil {
		return last.date
	}
	return time.Time{}
}

// endpointOnce resolves the endpoint once, since it is the same for every call.
type endpointOnce struct {
	resolver sdk.EndpointResolverV2
	known    atomic.Pointer[smithyendpoints.Endpoint]
}

// ResolveEndpoint implements the SDK's interface.
func (e *endpointOnce) ResolveEndpoint(ctx context.Context, params sdk.EndpointParameters) (smithyendpoints.Endpoint, error) {
	if known := e.known.Load(); known != nil {
		return *known, nil
	}
	endpoint, err := e.resolver.ResolveEndpoint(ctx, params)
	if err == nil {
		e.known.Store(&endpoint)
	}
	return endpoint, err
}
