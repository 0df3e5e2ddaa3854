// Package spool keeps data that cannot be read twice in a private temporary file.
package spool

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// A File is a temporary file that other users can neither find nor read. It is read and written
// like an [os.File]. It is gone once it is closed.
type File struct{ *os.File }

// deleteOnClose is FILE_FLAG_DELETE_ON_CLOSE of CreateFile, which [os.OpenFile] passes on.
const deleteOnClose = 0x04000000

// Create creates a File with mode 0600 in dir, or in [os.TempDir] if dir is empty. It removes the
// name of the file before anything is written, so that a killed process leaves nothing behind. On
// Windows, which cannot do that, the system deletes the file when the process ends. The caller must
// close the file.
func Create(dir string) (*File, error) {
	path := filepath.Join(cmp.Or(dir, os.TempDir()), "thingpress-"+rand.Text())
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if runtime.GOOS == "windows" {
		flags |= deleteOnClose
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err == nil && runtime.GOOS != "windows" {
		err = os.Remove(path)
	}
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return &File{file}, nil
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
