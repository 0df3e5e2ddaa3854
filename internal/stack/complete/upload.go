package complete

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Store is what is called of S3; *s3.Client is one.
type Store interface {
	PutObject(ctx context.Context, in *s3.PutObjectInput, options ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, options ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(ctx context.Context, in *s3.UploadPartInput, options ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, options ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput, options ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

const (
	// firstPart is the size of the first parts of an object; every growAfter
	// parts it doubles, up to lastPart. So 10,000 parts (S3 quotas) are more than
	// 200 GiB, and small reports stay small in memory.
	firstPart = 8 << 20
	lastPart  = 32 << 20
	growAfter = 2000
)

// An upload writes one object of a length that is not known beforehand. It
// appears under its key when close returns, whole, and never before.
type upload struct {
	ctx         context.Context //nolint:containedctx // of one object, as in io.Writer's place
	store       Store
	bucket, key string
	contentType string

	buffer bytes.Buffer
	id     string // of the multipart upload; empty while all is in the buffer
	parts  []types.CompletedPart
}

// Write implements io.Writer.
func (u *upload) Write(p []byte) (int, error) {
	u.buffer.Write(p)
	if u.buffer.Len() < u.partSize() {
		return len(p), nil
	}
	if err := u.flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (u *upload) partSize() int {
	return min(firstPart<<(len(u.parts)/growAfter), lastPart)
}

// flush sends the buffer as a part.
func (u *upload) flush() error {
	if u.id == "" {
		out, err := u.store.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{
			Bucket: &u.bucket, Key: &u.key, ContentType: &u.contentType,
		})
		if err != nil {
			return err
		}
		u.id = aws.ToString(out.UploadId)
	}
	number := aws.Int32(int32(len(u.parts) + 1))
	out, err := u.store.UploadPart(u.ctx, &s3.UploadPartInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.id, PartNumber: number, Body: bytes.NewReader(u.buffer.Bytes()),
	})
	if err != nil {
		return fmt.Errorf("part %d: %w", *number, err)
	}
	u.parts = append(u.parts, types.CompletedPart{ETag: out.ETag, PartNumber: number})
	u.buffer.Reset()
	return nil
}

// close puts the object under its key.
func (u *upload) close() error {
	if u.id == "" {
		_, err := u.store.PutObject(u.ctx, &s3.PutObjectInput{
			Bucket: &u.bucket, Key: &u.key, ContentType: &u.contentType, Body: bytes.NewReader(u.buffer.Bytes()),
		})
		return err
	}
	if u.buffer.Len() > 0 {
		if err := u.flush(); err != nil {
			return err
		}
	}
	_, err := u.store.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	if err == nil {
		u.id = ""
	}
	return err
}

// discard gives up what was begun, and joins to err what goes wrong with that.
// After close it does nothing.
func (u *upload) discard(err error) error {
	if u.id == "" {
		return err
	}
	_, aborted := u.store.AbortMultipartUpload(context.WithoutCancel(u.ctx), &s3.AbortMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.id,
	})
	u.id = ""
	return errors.Join(err, aborted)
}
