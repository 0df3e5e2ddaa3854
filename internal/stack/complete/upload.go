package complete

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
)

// A Store is the part of S3 to which reports are written, as *s3.Client is.
type Store = transfermanager.S3APIClient

// partSize is the size of the parts of an object. One part waits while another is
// sent. 10,000 parts (S3 quotas) hold a report of more than 100 million entries.
const partSize = 8 << 20

// abortTimeout is how long aborting an upload may take after its context has ended.
const abortTimeout = 10 * time.Second

// An upload writes one object of unknown length. The object appears under its key,
// complete, after end(nil) and not before.
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

// end completes the object, or aborts it if err is not nil.
func (u *upload) end(err error) error {
	u.CloseWithError(err)
	return <-u.done
}
