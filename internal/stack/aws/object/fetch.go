package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/backoff"
)

const (
	// tryTimeout ends a stalled request: its part would arrive at less than 70 KB/s.
	tryTimeout = time.Minute
	// maxTries is how many requests for a part may fail in a row without a new byte.
	maxTries = 5
)

// span is the time between such requests.
var span = backoff.Span{First: 400 * time.Millisecond, Most: 5 * time.Second}

// A fetcher gets ranges of one version.
type fetcher struct {
	client  Client
	version Version
}

// first reads the beginning of the object into buffer, and pins version and ETag.
func (f *fetcher) first(ctx context.Context, buffer []byte) (data []byte, size int64, err error) {
	got := 0
	err = f.again(ctx, func(ctx context.Context) (int, error) {
		out, err := f.request(ctx, 0, int64(len(buffer)))
		if err != nil {
			if isEmptyObject(err) {
				return 0, nil
			}
			return 0, err
		}
		defer out.Body.Close() //nolint:errcheck // it was only read
		if size, err = sizeOf(out, 0); err != nil {
			return 0, err
		}
		f.version.ETag = unquoted(out.ETag)
		if id := aws.ToString(out.VersionId); f.version.ID == "" && id != "null" {
			f.version.ID = id
		}
		data = buffer[:min(int64(len(buffer)), size)]
		got, _ = io.ReadFull(out.Body, data) // the rest is fetched below
		return got, nil
	})
	if err != nil {
		return nil, 0, f.wrap(err)
	}
	if got < len(data) {
		err = f.fetch(ctx, data[got:], int64(got), size)
	}
	return data, size, err
}

// fetch fills buffer from start on, in an object of a known size.
func (f *fetcher) fetch(ctx context.Context, buffer []byte, start, size int64) error {
	err := f.again(ctx, func(ctx context.Context) (int, error) {
		out, err := f.request(ctx, start, int64(len(buffer)))
		if err != nil {
			return 0, err
		}
		defer out.Body.Close() //nolint:errcheck // it was only read
		total, err := sizeOf(out, start)
		if err != nil {
			return 0, err
		}
		if etag := unquoted(out.ETag); total != size || etag != f.version.ETag {
			return 0, &GoneError{Version: f.version, Problem: "it was replaced while it was read"}
		}
		n, err := io.ReadFull(out.Body, buffer)
		buffer, start = buffer[n:], start+int64(n)
		return n, err
	})
	if err != nil {
		return f.wrap(err)
	}
	return nil
}

// again repeats try until it succeeds, fails for good, or makes no progress.
func (f *fetcher) again(ctx context.Context, try func(context.Context) (int, error)) error {
	for failed := 0; ; {
		limited, end := context.WithTimeout(ctx, tryTimeout)
		n, err := try(limited)
		end()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isFinal(err):
			return err
		case n > 0: // there is progress, so waiting gains nothing
			failed = 0
			continue
		}
		if failed++; failed == maxTries {
			return err
		}
		if _, ended := span.Sleep(ctx, failed); ended != nil {
			return ended
		}
	}
}

func (f *fetcher) request(ctx context.Context, start, length int64) (*s3.GetObjectOutput, error) {
	v := f.version
	span := fmt.Sprintf("bytes=%d-%d", start, start+length-1)
	in := &s3.GetObjectInput{Bucket: &v.Bucket, Key: &v.Key, Range: &span}
	switch {
	case v.ID != "" && v.ID != "null":
		in.VersionId = &v.ID
	case v.ETag != "":
		quoted := `"` + v.ETag + `"`
		in.IfMatch = &quoted
	}
	out, err := f.client.GetObject(ctx, in)
	if err != nil {
		if problem := problemOf(err); problem != "" {
			return nil, &GoneError{Version: v, Problem: problem, Err: err}
		}
		return nil, err
	}
	return out, nil
}

func (f *fetcher) wrap(err error) error {
	var gone *GoneError
	if errors.As(err, &gone) {
		return err
	}
	return fmt.Errorf("s3: %s/%s: %w", f.version.Bucket, f.version.Key, err)
}

// sizeOf reads the object's size from an answer that begins at start.
func sizeOf(out *s3.GetObjectOutput, start int64) (int64, error) {
	if out.ContentRange == nil {
		if start == 0 && out.ContentLength != nil { // some servers answer with the whole object
			return *out.ContentLength, nil
		}
		return 0, errors.New("the answer is not the requested range")
	}
	span, total, _ := strings.Cut(strings.TrimPrefix(*out.ContentRange, "bytes "), "/")
	from, _, _ := strings.Cut(span, "-")
	size, err := strconv.ParseInt(total, 10, 64)
	if begin, badBegin := strconv.ParseInt(from, 10, 64); err != nil || badBegin != nil || begin != start || size < 0 {
		return 0, fmt.Errorf("the answer has the range %q, but byte %d was requested", *out.ContentRange, start)
	}
	return size, nil
}

func unquoted(etag *string) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(*etag, `"`)
}
