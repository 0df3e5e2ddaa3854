package operate

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"strings"

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

// A SignerFile is an object in the signer bucket.
type SignerFile struct {
	Key string
	// Signers are its certificates. If it has none, Problem is the reason.
	Signers []*x509.Certificate
	Problem string
}

// SignerFiles reads the signer bucket. A file that holds no signer is returned with its problem.
func (s *Stack) SignerFiles(ctx context.Context) ([]SignerFile, error) {
	bucket, err := s.Bucket("signer")
	if err != nil {
		return nil, err
	}
	var files []SignerFile
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: &bucket, ExpectedBucketOwner: &s.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("signers in bucket %s: %w", bucket, err)
		}
		for _, object := range page.Contents {
			key := aws.ToString(object.Key)
			if strings.HasSuffix(key, "/") { // a folder that the console created
				continue
			}
			if aws.ToInt64(object.Size) > mostSigner {
				files = append(files, SignerFile{Key: key, Problem: fmt.Sprintf("the file is larger than %d KB", mostSigner>>10)})
				continue
			}
			data, err := s.signerFile(ctx, bucket, key)
			if err != nil {
				return nil, fmt.Errorf("signer s3://%s/%s: %w", bucket, key, err)
			}
			file := SignerFile{Key: key}
			if file.Signers, err = vendors.ParseSigners(data); err != nil {
				file.Problem = err.Error()
			}
			files = append(files, file)
		}
	}
	return files, nil
}

func (s *Stack) signerFile(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &s.ID})
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(out.Body, mostSigner))
}

// RemoveSigner removes a file from the signer bucket. S3 keeps its earlier versions, with which imports
// began that are running.
func (s *Stack) RemoveSigner(ctx context.Context, key string) error {
	bucket, err := s.Bucket("signer")
	if err != nil {
		return err
	}
	if _, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &s.ID}); err != nil {
		return fmt.Errorf("delete s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}

// Signers reads the certificates in the signer bucket. Like the decoder, it passes over files that hold
// none.
func (s *Stack) Signers(ctx context.Context) ([]*x509.Certificate, error) {
	files, err := s.SignerFiles(ctx)
	var signers []*x509.Certificate
	for _, file := range files {
		signers = append(signers, file.Signers...)
	}
	return signers, err
}

// TrustsPublished reports whether the stack trusts the signers that vendors have published, which are
// part of the program.
func (s *Stack) TrustsPublished() bool { return s.Parameters["MicrochipSigners"] == "published" }
