package operate

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Decode returns the options with which the stack decodes manifests of a format:
// those in its parameters and, if the format takes signers, the signers that it trusts.
func (s *Stack) Decode(ctx context.Context, format *manifest.Format) (manifest.Options, error) {
	parameters, err := stack.ReadParameters(func(name string) (string, bool) { value, ok := s.Parameters[name]; return value, ok })
	if err != nil {
		return manifest.Options{}, fmt.Errorf("parameters of stack %s: %w", s.Name, err)
	}
	options := parameters.Settings().Decode
	if _, signed := format.Option(manifest.OptionSigners); !signed {
		return options, nil
	}
	if options.Signers, err = s.Signers(ctx); err == nil && parameters.PublishedSigners && format.PublishedSigners != nil {
		options.Signers = append(format.PublishedSigners(), options.Signers...)
	}
	return options, err
}

// mostSigner is the maximum size of a signer file, which usually has about a
// kilobyte.
const mostSigner = 64 << 10

// Signers reads the certificates in the signer bucket.
func (s *Stack) Signers(ctx context.Context) ([]*x509.Certificate, error) {
	bucket, err := s.Bucket("signer")
	if err != nil {
		return nil, err
	}
	var signers []*x509.Certificate
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: &bucket, ExpectedBucketOwner: &s.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("signers in bucket %s: %w", bucket, err)
		}
		for _, object := range page.Contents {
			read, err := s.signer(ctx, bucket, aws.ToString(object.Key))
			if err != nil {
				return nil, fmt.Errorf("signer s3://%s/%s: %w", bucket, aws.ToString(object.Key), err)
			}
			signers = append(signers, read...)
		}
	}
	return signers, nil
}

func (s *Stack) signer(ctx context.Context, bucket, key string) ([]*x509.Certificate, error) {
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &s.ID})
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(out.Body, mostSigner))
	if err != nil {
		return nil, err
	}
	return vendors.ParseSigners(data)
}
