package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A lock prevents a second import from using the ledger. The operating system releases it when
// the process ends, however it ends.
type lock struct {
	file   *flock.Flock
	holder string
}

// holder describes the process that has the lock, for people. It is in a file of its own,
// because on Windows other processes cannot read a locked file.
type holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// String returns the text for [ledger.HeldError].
func (h holder) String() string {
	return fmt.Sprintf("process %d on host %s, since %s", h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// acquire takes the lock of the ledger at path, or returns a *ledger.HeldError.
func acquire(path string) (*lock, error) {
	l := &lock{file: flock.New(path+".lock", flock.SetPermissions(0o600)), holder: path + ".holder"}
	got, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("ledger %s: lock: %w", path, err)
	}
	if !got {
		return nil, &ledger.HeldError{Path: path, Holder: describe(l.holder)}
	}
	if err := l.sign(); err != nil {
		return nil, fmt.Errorf("ledger %s: lock: %w", path, errors.Join(err, l.release()))
	}
	return l, nil
}

func (l *lock) sign() error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	return os.WriteFile(l.holder, append(text, '\n'), 0o600)
}

// release releases the lock. The lock file stays. If it were removed, two processes could lock
// two files of the same name.
func (l *lock) release() error {
	err := os.Remove(l.holder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
}

func describe(path string) string {
	var h holder
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &h) != nil || h.PID == 0 {
		return "another process"
	}
	return h.String()
}
