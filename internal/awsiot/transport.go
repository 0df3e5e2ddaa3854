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
	// connections is the number of connections kept open, one for each call that a full window
	// of devices can have in flight.
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

// An observer makes HTTP requests for the SDK, and reads AWS's clock from every answer. It
// follows no redirects: AWS IoT sends none, and a signature would become invalid.
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
