package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Reset removes every record of the file at path, even if they are damaged. The file stays,
// empty, because Windows cannot remove one that is open. The error wraps [ErrLocked] if another
// process has the file open, and [os.ErrNotExist] if there is none. It is also an error if the
// file is not a journal.
func Reset(path string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	lock, err := acquire(path)
	if err != nil {
		return err
	}
	return errors.Join(empty(lock.File), lock.Release())
}

// empty truncates a file that begins as a journal of any version does.
func empty(f *os.File) error {
	head := make([]byte, len(magic))
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if begin := string(head[:n]); begin != magic[:n] && begin != magicV1 {
		return fmt.Errorf("%s is not the state of a sandbox", f.Name())
	}
	return f.Truncate(0)
}
