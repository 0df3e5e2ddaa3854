// Package xdg finds the directory for data that Thingpress keeps between runs.
package xdg

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// StateDir returns the directory for ledgers and the state of the sandbox: thingpress below
// $XDG_STATE_HOME. The XDG Base Directory Specification says to ignore relative paths in that
// variable. Without it, the parent is ~/.local/state, ~/Library/Application Support on macOS
// and %LocalAppData% on Windows. The directory need not exist.
func StateDir() (string, error) {
	parent, err := stateHome()
	if err != nil {
		return "", err
	}
	return filepath.Join(parent, "thingpress"), nil
}

func stateHome() (string, error) {
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
