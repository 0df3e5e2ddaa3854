package sandbox

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/sandbox/journal"
)

// Reset removes everything from a state file, even if the file is damaged, so that the next
// sandbox that opens it is new and has another ID. It returns [ErrLocked] if a sandbox has the
// file open, and an error if the file is missing or is not the state of a sandbox.
func Reset(path string) error {
	if err := journal.Reset(path); err != nil {
		return fmt.Errorf("sandbox: reset %s: %w", path, err)
	}
	return nil
}
