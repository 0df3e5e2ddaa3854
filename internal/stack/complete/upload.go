package complete

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
)

// A Store is the part of S3 that reports are put into; *s3.Client is one.
type Store = transfermanager.S3APIClient

// partSize is the size of an object's parts, of which one waits while one is
// sent. 10,000 parts (S3 quotas) are the report of more than 100 million entries.
const partSize = 8 << 20

// abortTimeout is how long giving up an object may take after its context has ended.
const abortTimeout = 10 * time.Second

// An upload writes one object of a length that is not known beforehand. What
// is written appears under its key after end(nil), as a whole, and never before.
type upload struct {
	*io.PipeWriter
	done chan error
}

func startUpload(ctx context.Context, store Store, bucket, key, contentType string) *upload {
	manager := transfermanager.New(store, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency, o.FailTimeout = partSize, partSize, 1, abortTimeout
	})
	r, w := io.Pipe()
	u := &upload{w, make(chan error, 1)}
	go func() {
		_, err := manager.UploadObject(ctx, &transfermanager.UploadObjectInput{
			Bucket: &bucket, Key: &key, ContentType: &contentType, Body: r,
		})
		r.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
		u.done <- err
	}()
	return u
}

// end puts the object under its key, or gives it up because of err.
func (u *upload) end(err error) error {
	u.CloseWithError(err)
	return <-u.done
}
