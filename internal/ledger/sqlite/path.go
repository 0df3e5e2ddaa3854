package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/xdg"
)

var component = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// DefaultPath returns the file of a target's ledger if the user names none:
// <partition>-<account>-<region>[-<hash of endpoint and sandbox>].db in [xdg.StateDir].
func DefaultPath(target ledger.Target) (string, error) {
	state, err := xdg.StateDir()
	if err != nil {
		return "", &ledger.FileError{Reason: ledger.NoFile, Err: err}
	}
	for _, part := range []string{target.Partition, target.Account, target.Region} {
		if !component.MatchString(part) {
			return "", fmt.Errorf("ledger: %q cannot be part of a file name", part)
		}
	}
	name := target.Partition + "-" + target.Account + "-" + target.Region
	if target.Endpoint != "" || target.Sandbox != "" {
		sum := sha256.Sum256([]byte(target.Endpoint + "\x00" + target.Sandbox))
		name += "-" + hex.EncodeToString(sum[:8])
	}
	return filepath.Join(state, name+".db"), nil
}
