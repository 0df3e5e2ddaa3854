// Package newfile writes files that get their names only when they are complete.
package newfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is a file that has a temporary name in the directory of its later one. It is written like
// an [os.File]. It must be kept or discarded.
type File struct {
	*os.File
	path string
}

// Create creates a File that will replace what is at path. The user's umask applies, and a file that
// is replaced passes its permissions on. A directory or a device is not replaced.
func Create(path string) (*File, error) {
	mode := fs.FileMode(0)
	switch info, err := os.Stat(path); {
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case err == nil:
		mode = info.Mode().Perm()
	}
	// The name tells neither what is in the file nor how long it may be.
	temporary := filepath.Join(filepath.Dir(path), ".thingpress-"+rand.Text())
	file, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // the umask decides
	if err != nil {
		return nil, err
	}
	f := &File{file, path}
	if mode != 0 {
		if err := file.Chmod(mode); err != nil {
			return nil, errors.Join(err, f.Discard())
		}
	}
	return f, nil
}

// Free returns an error that wraps [fs.ErrExist] if something is at path.
func Free(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// Check returns an error if [Create] would. It leaves nothing behind.
func Check(path string) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	return f.Discard()
}

// Write writes what fill writes to the file at path, which appears, or changes, when it is complete.
// After an error of fill, which Write returns unchanged, everything is as before.
func Write(path string, fill func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err = fill(f); err == nil {
		err = f.Keep()
	}
	if err != nil {
		_ = f.Discard() // the first error matters
	}
	return err
}

// Keep gives the file its name, after its content is durable. After an error the file is still to be
// discarded.
func (f *File) Keep() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	syncDirectory(filepath.Dir(f.path))
	return nil
}

// syncDirectory makes a rename survive a power failure. Not every system and file system can do
// that, Windows cannot, and none loses the old and the new file.
func syncDirectory(path string) {
	if d, err := os.Open(path); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// Discard removes the file unless it has been kept.
func (f *File) Discard() error {
	_ = f.Close() // it is already closed if it has been kept
	if err := os.Remove(f.Name()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
