// Command infineon writes the Infineon test vectors: small manifests, good
// and bad, each beside what a reader must make of it. The same source always
// writes the same bytes. From the module's root:
//
//	go run ./internal/vectors/infineon manifest/testdata/vectors/infineon
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: infineon DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	for name, data := range files() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the directory that the caller names, of files for everybody
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}
