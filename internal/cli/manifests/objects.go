package manifests

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/aws/object"
	"github.com/thingpress/thingpress/manifest"
)

// ObjectFlags are the flags for manifests in S3.
type ObjectFlags struct {
	profile string
	payer   payerFlag
}

// FlagRequestPayer is the name of the flag without which S3 denies objects whose requester pays.
const FlagRequestPayer = "request-payer"

// Add adds the flags to a command.
func (f *ObjectFlags) Add(flags *pflag.FlagSet) {
	flags.StringVar(&f.profile, "source-profile", "",
		"`profile` of the AWS configuration that reads manifests in S3 (default: that of --profile, if the command has it)")
	flags.Var(&f.payer, FlagRequestPayer, "\"requester\" confirms that you pay for reading manifests in S3")
}

// payerFlag is --request-payer, named and spelled as in the AWS CLI.
type payerFlag string

func (p *payerFlag) String() string { return string(*p) }
func (p *payerFlag) Type() string   { return string(types.RequestPayerRequester) }

func (p *payerFlag) Set(value string) error {
	if value != "" && value != string(types.RequestPayerRequester) {
		return fmt.Errorf("%q is not %s", value, types.RequestPayerRequester)
	}
	*p = payerFlag(value)
	return nil
}

// Recorded returns the flags for reading the manifests of an earlier import again, whose flags were these.
func (f ObjectFlags) Recorded(flags map[string][]string) ObjectFlags {
	for _, value := range flags[FlagRequestPayer] {
		f.payer = cmp.Or(f.payer, payerFlag(value))
	}
	return f
}

const (
	objectScheme  = "s3://"
	versionSuffix = "?versionId="
)

// IsObject reports whether a name on the command line is that of an object in S3.
func IsObject(name string) bool { return strings.HasPrefix(name, objectScheme) }

// parseObject parses s3://BUCKET/KEY or s3://BUCKET/KEY?versionId=ID. As in the AWS CLI, the key is not escaped.
func parseObject(name string) (object.Version, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(name, objectScheme), "/")
	v := object.Version{Bucket: bucket, Key: key}
	if at := strings.LastIndex(key, versionSuffix); at >= 0 {
		v.Key, v.ID = key[:at], key[at+len(versionSuffix):]
		if v.ID == "" {
			return v, exit.UsageError(fmt.Errorf("%s: the version is empty", name), "leave out "+versionSuffix+" for the current version")
		}
	}
	switch {
	case strings.HasPrefix(bucket, "arn:"):
		return v, exit.UsageError(fmt.Errorf("%s: the ARN of an access point is not supported", name),
			"name the alias of the access point instead of a bucket")
	case bucket == "":
		return v, exit.UsageError(fmt.Errorf("%s names no bucket", name), "write it as s3://BUCKET/KEY")
	case v.Key == "" || strings.HasSuffix(v.Key, "/"):
		return v, exit.UsageError(fmt.Errorf("%s is a directory, and a manifest in S3 is one object", name), advice.CopyObjects(name))
	}
	return v, nil
}

// objectName returns the name of a version, which opens it again.
func objectName(v object.Version) string {
	name := objectScheme + v.Bucket + "/" + v.Key
	if v.ID != "" && v.ID != "null" {
		name += versionSuffix + v.ID
	}
	return name
}

// openObject copies an object to a temporary file, and returns the name of the version that it has copied.
func (f *Files) openObject(ctx context.Context, name string, from Reading) (pinned string, err error) {
	v, err := parseObject(name)
	if err != nil {
		return "", err
	}
	r, err := from.openVersion(ctx, v)
	if err != nil {
		return "", explainObject(ctx, err, v, from.Objects)
	}
	defer r.Close()
	shown := objectScheme + v.Bucket + "/" + v.Key
	file, err := object.Copy(ctx, r, "", 1, from.showDownload(shown, r.Size()))
	if err != nil {
		return "", explainObject(ctx, err, r.Version(), from.Objects)
	}
	f.closers = append(f.closers, file)
	f.Inputs = append(f.Inputs, manifest.Input{Name: shown, Reader: file, Size: r.Size()})
	return objectName(r.Version()), nil
}

// showDownload returns a function that shows how much of an object was copied.
func (r Reading) showDownload(name string, size int64) func(done int64) {
	began := time.Now()
	return func(done int64) {
		const mega, soon = 1e6, 2 * time.Second
		s := progress.Status{
			Phase: "downloading " + name, Note: fmt.Sprintf("%.1f of %.1f MB", float64(done)/mega, float64(size)/mega),
		}
		if took := time.Since(began); took > soon && done > 0 {
			s.Estimate = time.Duration(float64(took) * float64(size-done) / float64(done))
		}
		if r.Printer != nil {
			r.Printer.Update(s)
		}
	}
}

// openVersion opens an object with the credentials of the source.
func (r Reading) openVersion(ctx context.Context, v object.Version) (*object.Reader, error) {
	options := awsiot.Options{Profile: r.Profile, Region: r.Region, Version: version.Current()}
	if own := r.Objects.profile; own != "" {
		options.Profile, options.Region = own, ""
	}
	cfg, err := awsiot.LoadConfig(ctx, options)
	if errors.Is(err, awsiot.ErrNoRegion) {
		options.Region = cmp.Or(r.Region, anyRegion)
		cfg, err = awsiot.LoadConfig(ctx, options)
	}
	if err != nil {
		return nil, err
	}
	client := &bucketClient{client: s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.Retryer = aws.NopRetryer{} // the reader of the object tries again
	}), payer: types.RequestPayer(r.Objects.payer)}
	// Without credentials no request is made, which the reader would try again.
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, &smithy.OperationError{ServiceID: s3.ServiceID, OperationName: "GetObject", Err: err}
	}
	return object.Open(ctx, client, v)
}

// anyRegion is where a bucket is asked for if nothing names a region. S3 answers where the bucket is.
const anyRegion = "us-east-1"

// A bucketClient gets objects of one bucket, wherever it is. It must not be used concurrently.
type bucketClient struct {
	client *s3.Client
	region string // of the bucket; empty for that of client
	payer  types.RequestPayer
}

// GetObject implements [object.Client].
func (c *bucketClient) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	in.RequestPayer = c.payer
	out, err := c.client.GetObject(ctx, in, c.inRegion)
	var api smithy.APIError
	if !errors.As(err, &api) || c.region != "" || iot.FaultOfCode(api.ErrorCode()) != iot.FaultWrongRegion {
		return out, err
	}
	if c.region = regionIn(err); c.region == "" {
		_, headErr := c.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: in.Bucket})
		c.region = regionIn(headErr)
	}
	if c.region == "" {
		return out, err
	}
	return c.client.GetObject(ctx, in, c.inRegion)
}

func (c *bucketClient) inRegion(o *s3.Options) { o.Region = cmp.Or(c.region, o.Region) }

// regionIn returns the region of the bucket from an answer that refuses a request because it went to another one,
// or "".
func regionIn(err error) string {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return ""
	}
	return response.Response.Header.Get("X-Amz-Bucket-Region")
}

// explainObject returns an error of reading an object with what to do about it.
func explainObject(ctx context.Context, err error, v object.Version, flags ObjectFlags) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := objectName(v)
	var missing *awsiot.ProfileError
	var space *object.SpaceError
	var gone *object.GoneError
	var api *iot.APIError
	switch {
	case errors.As(err, &missing):
		return exit.UsageError(fmt.Errorf("%s: %w", name, err),
			"list the profiles with 'aws configure list-profiles', and name one with --source-profile")
	case errors.As(err, &space):
		return exit.WithHint(fmt.Errorf("%s: %w", name, space), "name a directory on a larger disk in TMPDIR")
	case errors.As(awsiot.Explain(err), &api):
		found := advice.OfObject(api, advice.Object{Bucket: v.Bucket, Key: v.Key, Version: v.ID, RequesterPays: flags.payer != ""})
		if found.Meaning != "" {
			return exit.WithHint(fmt.Errorf("%s: %s", name, found.Meaning), found.Todo)
		}
		return fmt.Errorf("%s: %w", name, api)
	case errors.As(err, &gone):
		return exit.WithHint(fmt.Errorf("%s: %s", name, gone.Problem), advice.ReplacedObject)
	}
	return fmt.Errorf("%s: %w", name, err)
}
