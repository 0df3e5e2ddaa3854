package awsiot

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
)

// LoadConfig returns the SDK's configuration for clients of other services than AWS IoT. It makes
// no calls, and ignores Transport and Timeout of the options. Errors of the clients are for
// [Explain]; their calls are sent to the function of [WithCalls].
func LoadConfig(ctx context.Context, o Options) (aws.Config, error) {
	cfg, err := load(ctx, o)
	if err != nil {
		return cfg, err
	}
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(isRetryable)}, o.Retryables...)
		})
	}
	cfg.Credentials = newIdentity(cfg.Credentials, &clock{})
	cfg.HTTPClient = NewHTTPClient(cfg.HTTPClient)
	if o.Endpoint != "" {
		cfg.BaseEndpoint = &o.Endpoint
	}
	return cfg, nil
}

// NewHTTPClient returns a client for the services around AWS IoT that is like the given one of the
// SDK, or its default if it is nil, but whose bodies the SDK cannot close too early and whose errors
// name the host.
func NewHTTPClient(like config.HTTPClient) aws.HTTPClient {
	buildable, ok := like.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	buildable = buildable.WithTransportOptions(func(t *http.Transport) { t.OnProxyConnectResponse = onProxy })
	return &observer{send: buildable.Do, clock: &clock{}}
}

// rootsOf returns the certificates that a client of the SDK trusts, such as those in AWS_CA_BUNDLE,
// or nil for those of the system.
func rootsOf(client config.HTTPClient) *x509.CertPool {
	if buildable, ok := client.(*awshttp.BuildableClient); ok {
		if tls := buildable.GetTransport().TLSClientConfig; tls != nil {
			return tls.RootCAs
		}
	}
	return nil
}

// load returns the SDK's configuration as files and environment have it.
func load(ctx context.Context, o Options) (cfg aws.Config, err error) {
	if o.Sandbox {
		cfg.Region = o.Region
		cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIASANDBOXSANDBOX00", "sandbox", "")
	} else if cfg, err = loadShared(ctx, o); err != nil {
		return cfg, err
	}
	cfg.APIOptions = append(cfg.APIOptions, awsmiddleware.AddUserAgentKeyValue("thingpress", cmp.Or(o.Version, "devel")))
	if log := callsOf(ctx); log != nil {
		cfg.APIOptions = append(cfg.APIOptions, log.add)
	}
	return cfg, nil
}

// ErrNoRegion is returned if neither the options nor the environment name a region.
var ErrNoRegion = errors.New("AWS configuration: no region is set")

// A ProfileError is about a profile that the shared configuration does not have.
type ProfileError struct{ Name string }

func (e *ProfileError) Error() string { return "AWS configuration: there is no profile " + e.Name }

func loadShared(ctx context.Context, o Options) (aws.Config, error) {
	// Errors contain whatever the SDK would log, and only Thingpress writes to standard error.
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &missing):
		return cfg, &ProfileError{missing.Profile}
	case err != nil:
		return cfg, fmt.Errorf("AWS configuration: %w", err)
	case cfg.Region == "":
		return cfg, ErrNoRegion
	}
	return cfg, nil
}
