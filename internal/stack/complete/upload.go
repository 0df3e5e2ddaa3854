package complete

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

type option = func(*s3.Options)

// A Store is the part of S3 to which reports are written, as *s3.Client is.
type Store interface {
	PutObject(ctx context.Context, in *s3.PutObjectInput, o ...option) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, o ...option) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(ctx context.Context, in *s3.UploadPartInput, o ...option) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, o ...option) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput, o ...option) (*s3.AbortMultipartUploadOutput, error)
}

const (
	// leastPart is the least size of a part that is not the last one (S3 quotas).
	leastPart = 5 << 20
	// abortTimeout is how long aborting an upload may take after its context has ended.
	abortTimeout = 10 * time.Second
)

// An upload writes one object of unknown length, in parts, which several invocations may
// send. The object appears under its key, complete, after finish and not before.
type upload struct {
	// ID is that of S3; it is empty until the first part is sent. ETags are those of the
	// parts.
	ID    string   `json:"id,omitempty"`
	ETags []string `json:"etags,omitempty"`

	store                    Store
	bucket, key, contentType string
	buffer                   bytes.Buffer // what is in no part yet
}

// sendPart sends what was written since the last part.
func (u *upload) sendPart(ctx context.Context) error {
	if u.ID == "" {
		out, err := u.store.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &u.bucket, Key: &u.key, ContentType: &u.contentType,
		})
		if err != nil {
			return fmt.Errorf("begin upload of %s: %w", u.key, err)
		}
		u.ID = aws.ToString(out.UploadId)
	}
	number := int32(len(u.ETags) + 1) // 10,000 at most
	out, err := u.store.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.ID, PartNumber: &number, Body: bytes.NewReader(u.buffer.Bytes()),
	})
	if err != nil {
		return fmt.Errorf("upload part %d of %s: %w", number, u.key, err)
	}
	u.ETags = append(u.ETags, aws.ToString(out.ETag))
	u.buffer.Reset()
	return nil
}

// finish makes the object appear.
func (u *upload) finish(ctx context.Context) error {
	if u.ID == "" {
		if _, err := u.store.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &u.bucket, Key: &u.key, ContentType: &u.contentType, Body: bytes.NewReader(u.buffer.Bytes()),
		}); err != nil {
			return fmt.Errorf("upload %s: %w", u.key, err)
		}
		return nil
	}
	if u.buffer.Len() > 0 {
		if err := u.sendPart(ctx); err != nil {
			return err
		}
	}
	parts := make([]types.CompletedPart, len(u.ETags))
	for n := range parts {
		parts[n] = types.CompletedPart{ETag: &u.ETags[n], PartNumber: aws.Int32(int32(n + 1))}
	}
	if _, err := u.store.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.ID, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}); err != nil {
		return fmt.Errorf("complete upload of %s: %w", u.key, err)
	}
	return nil
}

// isGone reports whether S3 does not know an upload, or no longer.
func isGone(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "NoSuchUpload"
}

// abort deletes the parts. If that fails, a rule of the bucket deletes them after some
// days.
func (u *upload) abort(ctx context.Context) {
	if u.ID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, _ = u.store.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.ID}) // see above
}
