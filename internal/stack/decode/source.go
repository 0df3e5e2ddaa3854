package decode

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/thingpress/thingpress/internal/stack/aws/object"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// spoolFactor is the temporary storage for an archive in multiples of its size: its
// copy, and the inner archive of the chosen bundle, which is compressed already and
// so no larger than the whole.
const spoolFactor = 2

// openObject opens the object of the job. The error is a *stopError or a fault.
func (w *worker) openObject() (*object.Reader, error) {
	u := w.job.Upload
	r, err := object.Open(w.soft, w.h.Objects, object.Version{Bucket: u.Bucket, Key: u.Key, ID: u.Version, ETag: u.ETag})
	return r, w.classify(err)
}

// classify returns errDeadline, a *stopError if retrying err would not help, or else
// err itself, a fault.
func (w *worker) classify(err error) error {
	var gone *object.GoneError
	var space *object.SpaceError
	var file *manifest.FileError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded) && w.soft.Err() != nil:
		return errDeadline
	case errors.As(err, &gone):
		return &stopError{err}
	case errors.As(err, &space):
		return stopf("%w; %s", err, storageAdvice(space.Need))
	case errors.Is(err, syscall.ENOSPC):
		return stopf("%w: the archive unpacks to more than temporary storage holds; "+
			"double the stack's parameter DecoderStorage", err)
	case errors.As(err, &file):
		return &stopError{err}
	}
	return err
}

// storageAdvice returns how to get this many bytes of temporary storage.
func storageAdvice(need int64) string {
	const mega, most, step = 1 << 20, 10240, 512 // of Lambda's ephemeral storage, in MB
	if megabytes := (need/mega/step + 1) * step; megabytes <= most {
		return fmt.Sprintf("raise the stack's parameter DecoderStorage to %d", megabytes)
	}
	return fmt.Sprintf("Lambda has %d MB at most: import this manifest with the command line", most)
}

// A source is the manifest that a pass reads.
type source struct {
	input   manifest.Input
	decoder manifest.Decoder
	close   func()
}

// openManifest opens the manifest, checks that it belongs into the vendor's bucket,
// and loads its signers.
func (w *worker) openManifest(ctx context.Context) (*source, error) {
	if _, err := vendors.Lookup(w.job.Vendor); err != nil {
		return nil, err
	}
	if err := w.loadSigners(); err != nil {
		return nil, w.classify(err)
	}
	r, err := w.openObject()
	if err != nil {
		return nil, err
	}
	s := &source{input: manifest.Input{Name: w.job.Upload.Key, Reader: r, Size: r.Size()}, close: r.Close}
	format, err := w.checkVendor(ctx, s.input)
	if err != nil {
		s.close()
		return nil, w.classify(err)
	}
	s.decoder, w.progress.Archive = format, format.Archive
	if !format.Archive {
		return s, nil
	}
	spool, err := object.Copy(w.soft, r, w.h.TempDir, spoolFactor, nil)
	r.Close()
	if err != nil {
		return nil, w.classify(err)
	}
	s.input.Reader = spool
	s.close = func() {
		if err := spool.Close(); err != nil {
			w.log.WarnContext(ctx, "temporary copy not removed", "error", err.Error())
		}
	}
	return s, nil
}

// checkVendor returns the format with which to decode a manifest, and an error if that clearly belongs to
// another vendor. It accepts one that no format matches: the decoder knows best what is wrong with it. In a
// container the decoder passes over what belongs to others.
func (w *worker) checkVendor(ctx context.Context, in manifest.Input) (manifest.Format, error) {
	format, err := vendors.Choose(ctx, in, w.job.Vendor, manifest.Options{})
	if manifest.ReasonOf(err) != manifest.ReasonWrongFormat {
		return format, err
	}
	found, err := vendors.Detect(ctx, in)
	if err != nil {
		return format, err
	}
	return format, stopf("%s is a manifest of %s, and bucket %s takes those of %s: upload it to bucket %s",
		in.Name, found.Vendor(), w.job.Upload.Bucket, w.job.Vendor, w.h.Stack.Buckets[found.Vendor()])
}
