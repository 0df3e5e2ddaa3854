// Package xdg finds the directory for data that Thingpress keeps between runs, and its config file.
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
	parent, err := parentDir("XDG_STATE_HOME", ".local/state", "LocalAppData")
	if err != nil {
		return "", err
	}
	return filepath.Join(parent, "thingpress"), nil
}

// ConfigFile returns the path of the config file: thingpress/config.toml below
// $XDG_CONFIG_HOME. Without that variable, the parent is ~/.config, ~/Library/Application Support
// on macOS and %AppData% on Windows. The file need not exist.
func ConfigFile() (string, error) {
	parent, err := parentDir("XDG_CONFIG_HOME", ".config", "AppData")
	if err != nil {
		return "", err
	}
	return filepath.Join(parent, "thingpress", "config.toml"), nil
}

// parentDir returns the directory that a variable of the specification names, or else the one that
// the system has for this purpose: below is in the home directory, and windows is a variable.
func parentDir(variable, below, windows string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := os.Getenv(windows); dir != "" {
			return dir, nil
		}
		return "", errors.New("%" + windows + "% is not set")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, filepath.FromSlash(below)), nil
}
