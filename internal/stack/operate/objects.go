package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/stack/complete"
)

// mostPut is the size of the largest object for one PutObject (S3).
const mostPut = 5 << 30

// Put puts content into one of the stack's buckets, and returns the version of the
// object. It reads content from the beginning.
func (s *Stack) Put(ctx context.Context, bucket, key string, content io.ReadSeeker, size int64) (version string, err error) {
	if size > mostPut {
		return "", fmt.Errorf("%s has %d bytes, more than the 5 GiB of one upload: "+
			"upload it with 'aws s3 cp FILE s3://%s/', which uploads in parts", key, size, bucket)
	}
	out, err := s.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: content, ContentLength: &size, ExpectedBucketOwner: &s.ID,
	})
	if err != nil {
		return "", fmt.Errorf("put s3://%s/%s: %w", bucket, key, err)
	}
	return aws.ToString(out.VersionId), nil
}

// ErrNoReport is returned for an import that has no report yet.
var ErrNoReport = errors.New("it has no report yet")

// Report writes the report of an import to a writer; format is ".jsonl" or ".csv".
// The error wraps [ErrNoReport] if there is none yet.
func (s *Stack) Report(ctx context.Context, id, format string, to io.Writer) error {
	i, err := s.Import(ctx, id)
	if err != nil {
		return err
	}
	bucket, err := s.Bucket("reports")
	if err != nil {
		return err
	}
	key := complete.Key(i.Job.Vendor, id, format)
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &s.ID})
	if status(err) == http.StatusNotFound {
		return fmt.Errorf("import %s is %s; %w", id, i.State(), ErrNoReport)
	}
	if err != nil {
		return fmt.Errorf("get s3://%s/%s: %w", bucket, key, err)
	}
	defer func() { _ = out.Body.Close() }() // it was only read
	if _, err := io.Copy(to, out.Body); err != nil {
		return fmt.Errorf("get s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}
