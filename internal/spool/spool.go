// Package spool keeps what cannot be read twice in a private temporary file.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// A File is a temporary file that others neither find nor read. Reading and
// writing are those of [os.File].
type File struct {
	*os.File
	path string // empty once the file has no name
}

// Create makes a File of mode 0600 in dir, or in [os.TempDir] if dir is empty.
// If the system allows it, the file has no name from then on, so that a process
// that is killed leaves nothing. The caller must close it.
func Create(dir string) (*File, error) {
	file, err := os.CreateTemp(dir, "thingpress-*")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	f := &File{File: file, path: file.Name()}
	if os.Remove(f.path) == nil {
		f.path = ""
	}
	return f, nil
}

// Fill appends r up to its end, and returns how many bytes that was. It ends
// between two reads when ctx ends, with its cause; a read that waits is not
// broken off. Errors of r are returned as they are.
func (f *File) Fill(ctx context.Context, r io.Reader) (int64, error) {
	var total int64
	buffer := make([]byte, 256<<10)
	for {
		if ctx.Err() != nil {
			return total, context.Cause(ctx)
		}
		n, err := r.Read(buffer)
		if _, err := f.Write(buffer[:n]); err != nil {
			return total, fmt.Errorf("spool: %w", err)
		}
		total += int64(n)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// Close closes the file and removes it.
func (f *File) Close() error {
	err := f.File.Close()
	if f.path != "" {
		err = errors.Join(err, os.Remove(f.path))
	}
	return err
}
