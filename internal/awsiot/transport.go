package awsiot

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

const (
	// connections is how many are kept open: one for each call that a full window
	// of devices can have in flight at once.
	connections = 1024
	dialTimeout = 5 * time.Second
	idleTimeout = 60 * time.Second
)

func newTransport(proxies bool) *http.Transport {
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          connections,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       idleTimeout,
		TLSHandshakeTimeout:   dialTimeout,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		DisableCompression:    true, // answers are small
	}
	if proxies {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}

// An observer makes HTTP requests for the SDK, and reads AWS's clock off every
// answer. It follows no redirect: AWS IoT sends none, and a signature would not
// survive it.
type observer struct {
	next  http.RoundTripper
	clock *clock
}

// Do implements the SDK's HTTPClient.
func (o *observer) Do(request *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(request)
	if err == nil {
		o.clock.observe(response.Header.Get("Date"))
	}
	return response, err
}

// A clock is AWS's clock, by the Date of the last answer.
type clock struct {
	last     atomic.Pointer[reading]
	corrects atomic.Bool // AWS refused our clock, and its own is used for signing
}

type reading struct {
	text   string
	date   time.Time
	offset time.Duration // of AWS's clock to ours
}

// observe takes the Date header of an answer that has just come.
func (c *clock) observe(date string) {
	last := c.last.Load()
	if date == "" || last != nil && last.text == date {
		return // the first answer of a second tells the most
	}
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.last.Store(&reading{text: date, date: at, offset: time.Until(at)})
}

// now is AWS's time. It is never ahead of AWS's clock by more than AWS's machines
// differ, because Date is cut to whole seconds.
func (c *clock) now() time.Time {
	last := c.last.Load()
	if last == nil {
		return time.Now()
	}
	return time.Now().Add(last.offset).Round(0)
}

// date is AWS's time of the last answer.
func (c *clock) date() time.Time {
	if last := c.last.Load(); last != nil {
		return last.date
	}
	return time.Time{}
}

// endpointOnce resolves the endpoint once: it is the same for every call.
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
