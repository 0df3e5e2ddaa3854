// Package spool keeps a stream for random access: in memory if it is short, and
// otherwise in a private temporary file.
package spool

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Memory is how many bytes of a stream are kept in memory; a longer stream goes to a file.
const Memory = 8 << 20

// A Spool contains a stream that was read to its end. It is safe for concurrent reading.
type Spool struct {
	memory  bytes.Reader
	file    *os.File // nil while the stream fits in memory
	written int64
}

// Fill reads r to its end. It creates the file with mode 0600 in dir, or in [os.TempDir] if dir is
// empty. The file has no name, so that a killed process leaves nothing behind. On Windows, which
// cannot do that, the system deletes it when the process ends. Fill returns errors of r unchanged.
// The caller must close the Spool.
func Fill(r io.Reader, dir string) (*Spool, error) {
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, Memory+1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s := &Spool{written: n}
	if n <= Memory {
		s.memory.Reset(head.Bytes())
		return s, nil
	}
	if s.file, err = nameless(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), s.Close())
	}
	if _, err := s.file.Write(head.Bytes()); err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), s.Close())
	}
	head = bytes.Buffer{}
	more, err := io.Copy(s.file, r)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.written += more
	return s, nil
}

// deleteOnClose is FILE_FLAG_DELETE_ON_CLOSE of CreateFile, which [os.OpenFile] passes on.
const deleteOnClose = 0x04000000

// nameless creates a file that is gone once it is closed.
func nameless(dir string) (*os.File, error) {
	path := filepath.Join(cmp.Or(dir, os.TempDir()), "thingpress-"+rand.Text())
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if runtime.GOOS == "windows" {
		return os.OpenFile(path, flags|deleteOnClose, 0o600)
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err == nil {
		err = os.Remove(path)
	}
	return file, err
}

// Size returns the length of the stream.
func (s *Spool) Size() int64 { return s.written }

// ReadAt implements [io.ReaderAt].
func (s *Spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	return s.memory.ReadAt(p, off)
}

// Close removes the file, if there is one.
func (s *Spool) Close() error {
	s.memory.Reset(nil)
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
