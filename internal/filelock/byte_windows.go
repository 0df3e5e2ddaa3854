package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockByte locks a byte of the file until the file is closed.
func lockByte(file *os.File) (bool, error) { return lock(file, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// isLocked reports whether the byte is locked. It takes a shared lock until the file is closed.
func isLocked(file *os.File, _ string) (bool, error) {
	got, err := lock(file, 0)
	return !got && err == nil, err
}

func lock(file *os.File, kind uint32) (bool, error) {
	at := windows.Overlapped{Offset: lockedByte & 0xffffffff, OffsetHigh: lockedByte >> 32}
	err := windows.LockFileEx(windows.Handle(file.Fd()), kind|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

func countNames(file *os.File) (uint64, error) {
	var info windows.ByHandleFileInformation
	err := windows.GetFileInformationByHandle(windows.Handle(file.Fd()), &info)
	return uint64(info.NumberOfLinks), err
}
