package awsiot

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/thingpress/thingpress/internal/iot"
)

// Options configure a client. The zero value uses the SDK's default chain.
type Options struct {
	// Region and Profile override environment variables and shared files.
	Region, Profile string
	// Endpoint is the base URL of all services; empty means AWS.
	Endpoint string
	// Sandbox ignores the AWS environment: variables, files and instance metadata. A sandbox
	// accepts any credentials. Endpoint and Region must be set.
	Sandbox bool
	// Version of Thingpress, for the User-Agent header.
	Version string
	// Transport makes the HTTP requests; nil means a transport with a pool of connections.
	Transport http.RoundTripper
	// Timeout of one call; 0 means 15 seconds.
	Timeout time.Duration
}

const (
	defaultTimeout = 15 * time.Second
	// accountAttempts applies to the few calls before an import, which the engine does not
	// retry.
	accountAttempts = 5
	accountBackoff  = time.Second
)

var (
	_ iot.Certificates   = (*Client)(nil)
	_ iot.Things         = (*Client)(nil)
	_ iot.Principals     = (*Client)(nil)
	_ iot.Policies       = (*Client)(nil)
	_ iot.Groups         = (*Client)(nil)
	_ iot.Checks         = (*Client)(nil)
	_ iot.Authorizations = (*Client)(nil)
)

// A Client makes calls in one account and region. Its methods are safe for
// concurrent use.
type Client struct {
	iot      *sdk.Client
	data     func(endpoint *string) *iotdataplane.Client
	sts      *sts.Client
	quotas   *servicequotas.Client
	iam      *iam.Client // nil with an Endpoint, which is not asked for aliases
	region   string
	endpoint string
	timeout  time.Duration
	clock    *clock
	identity *identity
	close    func()
}

// Close closes idle connections.
func (c *Client) Close() { c.close() }

// Open returns a client and makes no calls. With some profiles the SDK makes calls when
// credentials are first needed.
func Open(ctx context.Context, o Options) (*Client, error) {
	cfg, err := load(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &Client{region: cfg.Region, timeout: cmp.Or(o.Timeout, defaultTimeout), clock: &clock{}}
	transport := o.Transport
	if transport == nil {
		transport = newTransport(!o.Sandbox, rootsOf(cfg.HTTPClient))
	}
	c.identity = newIdentity(cfg.Credentials, c.clock)
	cfg.Credentials = c.identity
	c.close = (&http.Client{Transport: transport}).CloseIdleConnections
	// Without redirects: AWS IoT sends none, and a signature would become invalid.
	cfg.HTTPClient = &observer{send: transport.RoundTrip, clock: c.clock}
	named := optional(o.Endpoint) // the SDK would prefer AWS_ENDPOINT_URL_IOT
	c.iot = sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.Retryer = aws.NopRetryer{}
		o.EndpointResolverV2 = &endpointOnce{resolver: o.EndpointResolverV2}
		o.HTTPSignerV4 = &signer{next: v4.NewSigner(), clock: c.clock}
		o.APIOptions = append(o.APIOptions, trim)
		o.BaseEndpoint = cmp.Or(named, o.BaseEndpoint)
	})
	c.endpoint = aws.ToString(c.iot.Options().BaseEndpoint)
	forData := cfg
	c.data = func(endpoint *string) *iotdataplane.Client {
		return iotdataplane.NewFromConfig(forData, func(o *iotdataplane.Options) {
			o.Retryer = aws.NopRetryer{}
			o.HTTPSignerV4 = &signer{next: v4.NewSigner(), clock: c.clock}
			o.BaseEndpoint = cmp.Or(named, o.BaseEndpoint, endpoint)
		})
	}
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = accountAttempts, accountBackoff
			o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(isRetryable)}, o.Retryables...)
		})
	}
	c.sts = sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = cmp.Or(named, o.BaseEndpoint) })
	c.quotas = servicequotas.NewFromConfig(cfg, func(o *servicequotas.Options) { o.BaseEndpoint = cmp.Or(named, o.BaseEndpoint) })
	if o.Endpoint == "" {
		c.iam = iam.NewFromConfig(cfg)
	}
	return c, nil
}

// Region returns the region of the client.
func (c *Client) Region() string { return c.region }

// Endpoint returns the URL to which calls of AWS IoT go, from Options or the AWS environment. It is
// empty for AWS's own.
func (c *Client) Endpoint() string { return c.endpoint }

// awsKey matches the IDs of access keys that AWS gives out (IAM User Guide, unique identifiers).
var awsKey = regexp.MustCompile(`^(AKIA|ASIA)[A-Z0-9]{16}$`)

// IsAWSKey reports whether the credentials look like AWS's, unlike those for local endpoints and the
// ones in AWS's documentation.
func (c *Client) IsAWSKey(ctx context.Context) bool {
	credentials, err := c.identity.Retrieve(ctx)
	return err == nil && awsKey.MatchString(credentials.AccessKeyID) && !strings.HasSuffix(credentials.AccessKeyID, "EXAMPLE")
}

// Now returns the time by AWS's clock.
func (c *Client) Now() time.Time { return c.clock.now() }

// AWS returns the client as the interfaces of the engine.
func (c *Client) AWS() iot.AWS {
	return iot.AWS{
		Certificates: c, Things: c, Principals: c, Policies: c, Groups: c, Checks: c, Removals: c,
		Now: c.Now,
	}
}
