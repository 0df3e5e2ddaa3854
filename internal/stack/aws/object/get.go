package object

import (
	"context"
	"fmt"
)

// A TooLargeError is returned if an object exceeds the limit of the caller.
type TooLargeError struct {
	Version     Version
	Size, Limit int64
}

// Error names the object and its size.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("s3: %s/%s: %d bytes; the limit is %d", e.Version.Bucket, e.Version.Key, e.Size, e.Limit)
}

// Get returns the content of a small object and its version. Errors are those of
// [Open], and a *[TooLargeError] if the object exceeds limit.
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
