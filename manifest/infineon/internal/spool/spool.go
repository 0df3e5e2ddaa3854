// Package spool keeps a stream for random access: in memory if it is short, and
// otherwise in a private temporary file.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Memory is how many bytes of a stream are kept in memory; a longer stream goes to a file.
const Memory = 8 << 20

// A Spool contains a stream that was read to its end. It is safe for concurrent reading.
type Spool struct {
	memory  bytes.Reader
	file    *os.File // nil while the stream fits in memory
	path    string   // empty once the file is unlinked
	written int64
}

// Fill reads r to its end. It creates the file with mode 0600 in dir, or in
// [os.TempDir] if dir is empty, and unlinks it immediately if the system allows
// that. It returns errors of r unchanged. The caller must close the Spool.
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
	s.file, err = os.CreateTemp(dir, "thingpress-*")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s.path = s.file.Name()
	if os.Remove(s.path) == nil {
		s.path = ""
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
	err := s.file.Close()
	if s.path != "" {
		err = errors.Join(err, os.Remove(s.path))
	}
	return err
}
