package operate

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// optionParameters are the template's parameters for options of formats, under
// the names that they had in the Python Thingpress.
var optionParameters = map[manifest.OptionName]string{
	manifest.OptionBundle: "InfineonCertBundleType",
	manifest.OptionSlot:   "MicrochipSlot",
}

// Decode returns the options with which the stack decodes manifests of a format:
// those in its parameters and, if the format takes signers, the signers in its
// bucket.
func (s *Stack) Decode(ctx context.Context, format *manifest.Format) (manifest.Options, error) {
	o := manifest.Options{
		AllowExpired: s.Parameters["AllowExpired"] == "true",
		AllowCA:      s.Parameters["AllowCA"] == "true",
		Bundle:       s.Parameters[optionParameters[manifest.OptionBundle]],
		Slot:         unlessNone(s.Parameters[optionParameters[manifest.OptionSlot]]),
	}
	if text := unlessNone(s.Parameters["ThingNameTemplate"]); text != "" {
		var err error
		if o.ThingName, err = manifest.ParseTemplate(text); err != nil {
			return o, fmt.Errorf("parameter ThingNameTemplate of stack %s: %w", s.Name, err)
		}
	}
	if _, signed := format.Option(manifest.OptionSigners); !signed {
		return o, nil
	}
	var err error
	o.Signers, err = s.Signers(ctx)
	return o, err
}

func unlessNone(value string) string {
	if strings.EqualFold(value, "none") {
		return ""
	}
	return value
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
