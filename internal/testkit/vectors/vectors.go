// Package vectors is shared by the commands that write test vectors. Each of them
// makes the vectors of one group of formats, which manifest/testdata/vectors
// describes.
package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Main writes files, given by path, below the directory that is the only argument.
// It returns the exit code.
func Main(args []string, stderr io.Writer, files map[string][]byte) int {
	if len(args) != 2 {
		fmt.Fprintf(stderr, "usage: %s DIRECTORY\n", filepath.Base(args[0]))
		return 2
	}
	if err := write(args[1], files); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func write(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // files for everybody
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}

// Row returns the row of the catalogue at the beginning of a vector's name: M1 for m01-alg-none.
func Row(name string) string {
	head, _, _ := strings.Cut(name, "-")
	return strings.ToUpper(head[:1]) + strings.TrimPrefix(head[1:], "0")
}

// JSON returns the text of the file next to a vector. A value that cannot be
// encoded is a bug of the command, and ends it.
func JSON(expectation any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(expectation); err != nil {
		panic(fmt.Sprintf("vector: %v", err))
	}
	return b.Bytes()
}
