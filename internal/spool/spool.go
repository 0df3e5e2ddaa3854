// Package spool keeps data that cannot be read twice in a private temporary file.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// A File is a temporary file that other users can neither find nor read. It is read and written
// like an [os.File].
type File struct {
	*os.File
	path string // empty once the file has no name
}

// Create creates a File with mode 0600 in dir, or in [os.TempDir] if dir is empty. If the
// system allows it, Create immediately removes the name of the file, so that a killed process
// leaves nothing behind. The caller must close the file.
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

// Fill appends r up to its end and returns the number of bytes. If ctx ends, Fill returns its
// cause before the next read, but does not interrupt a read. It returns errors of r unchanged.
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
