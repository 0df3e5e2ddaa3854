//go:build !linux && !windows

package filelock

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// lockByte locks nothing.
func lockByte(*os.File) (bool, error) { return true, nil }

// isLocked reports whether the file next to path is locked. For a moment it holds a shared lock.
func isLocked(_ *os.File, path string) (bool, error) {
	name := flock.New(path+".lock", flock.SetFlag(os.O_RDONLY))
	got, err := name.TryRLock()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // nobody has ever held it
	}
	return !got && err == nil, errors.Join(err, name.Close())
}
