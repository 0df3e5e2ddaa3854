package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/thingpress/thingpress/internal/ledger"
)

var component = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// DefaultPath is where the ledger of a target is kept unless told otherwise:
// thingpress/<partition>-<account>-<region>[-<hash of endpoint and sandbox>].db
// below $XDG_STATE_HOME. Without that variable, it is below ~/.local/state,
// ~/Library/Application Support on macOS and %LocalAppData% on Windows.
func DefaultPath(target ledger.Target) (string, error) {
	state, err := stateDir()
	if err != nil {
		return "", fmt.Errorf("ledger: %w; say where with --ledger", err)
	}
	for _, part := range []string{target.Partition, target.Account, target.Region} {
		if !component.MatchString(part) {
			return "", fmt.Errorf("ledger: %q cannot be part of a file's name", part)
		}
	}
	name := target.Partition + "-" + target.Account + "-" + target.Region
	if target.Endpoint != "" || target.Sandbox != "" {
		sum := sha256.Sum256([]byte(target.Endpoint + "\x00" + target.Sandbox))
		name += "-" + hex.EncodeToString(sum[:8])
	}
	return filepath.Join(state, "thingpress", name+".db"), nil
}

// stateDir follows the XDG Base Directory Specification, which wants relative
// paths ignored.
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return dir, nil
		}
		return "", errors.New("%LocalAppData% is not set")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "state"), nil
}
