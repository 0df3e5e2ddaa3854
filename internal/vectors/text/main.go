// Command text writes the test vectors of the formats that are text: Espressif
// and generated, and those of single certificates. Each is a small manifest,
// good or bad, beside what a reader must make of it. The same source always
// writes the same bytes. From the module's root:
//
//	go run ./internal/vectors/text manifest/testdata/vectors
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: text DIRECTORY")
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
