package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Reset removes every record of the file at path, even if they are damaged. The file
// stays, empty, because Windows cannot remove one that is open. Reset returns [ErrLocked]
// if another process has the file open, [os.ErrNotExist] if there is none, and an error
// if the file is not a journal.
func Reset(path string) error {
	j, err := locked(path)
	if err != nil {
		return err
	}
	return errors.Join(empty(j.path), j.Close())
}

// empty truncates a file that begins as a journal of any version does.
func empty(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if begin := string(head[:n]); begin != magic[:n] && begin != magicV1 {
		return fmt.Errorf("%s is not the state of a sandbox", path)
	}
	return f.Truncate(0)
}
