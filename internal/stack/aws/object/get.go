package object

import (
	"context"
	"fmt"
)

// A TooLargeError is returned if an object is longer than the caller takes.
type TooLargeError struct {
	Version     Version
	Size, Limit int64
}

// Error names the object and its size.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("s3: %s/%s: %d bytes; the limit is %d", e.Version.Bucket, e.Version.Key, e.Size, e.Limit)
}

// Get returns a small object as a whole, and its version. Errors are those of
// [Open], and a *[TooLargeError] for one that is longer than limit.
func Get(ctx context.Context, client Client, v Version, limit int64) ([]byte, Version, error) {
	f := fetcher{client: client, version: v}
	data, size, err := f.first(ctx, make([]byte, limit))
	switch {
	case err != nil:
		return nil, v, err
	case size > limit:
		return nil, v, &TooLargeError{Version: v, Size: size, Limit: limit}
	}
	return data, f.version, nil
}
