package operate

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// mostVersion is the maximum length of a version in bytes.
const mostVersion = 100

// CodeVersion returns the version of the functions in a zip, which `make lambda-zip` puts into its file VERSION; empty if
// the zip has none. The error wraps [fs.ErrNotExist] if there is no zip.
func CodeVersion(path string) (string, error) {
	code, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) {
		return "", fmt.Errorf("code of the functions: %s is not a zip file", path)
	}
	if err != nil {
		return "", fmt.Errorf("code of the functions: %w", err)
	}
	defer func() { _ = code.Close() }() // it was only read
	file, err := code.Open("VERSION")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("code of the functions: %s: %w", path, err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, mostVersion))
	if err != nil {
		return "", fmt.Errorf("code of the functions: %s: VERSION: %w", path, err)
	}
	return strings.TrimSpace(string(text)), nil
}
