// Package vectors is what the commands that write test vectors share. Each of
// them makes the vectors of one group of formats; manifest/testdata/vectors
// describes what they are.
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

// Main writes files, by path below the directory that is the only argument,
// and returns the exit code.
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
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the directory that the caller names, of files for everybody
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}

// Row is the row of the catalogue that a vector's name begins with: M1 for m01-alg-none.
func Row(name string) string {
	head, _, _ := strings.Cut(name, "-")
	return strings.ToUpper(head[:1]) + strings.TrimPrefix(head[1:], "0")
}

// JSON is the text of the file next to a vector. What cannot be encoded is a
// fault of the source, and ends the command.
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
