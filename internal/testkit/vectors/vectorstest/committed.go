// Package vectorstest checks committed vectors against their source.
package vectorstest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Committed fails unless the directories below manifest/testdata/vectors of the
// module have exactly the files that their source writes. Paths of files begin
// with one of the directories. Vectors must not be edited by hand or depend on the
// machine, because others rely on them.
func Committed(t *testing.T, module string, files map[string][]byte, directories ...string) {
	t.Helper()
	root := filepath.Join(module, "manifest", "testdata", "vectors")
	for _, directory := range directories {
		err := filepath.WalkDir(filepath.Join(root, directory), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			if _, ok := files[filepath.ToSlash(name)]; !ok && d.Name() != "README.md" {
				t.Errorf("%s exists, but the source does not write it", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		switch {
		case err != nil:
			t.Errorf("%v; run the command that the package comment shows", err)
		case !bytes.Equal(have, data):
			t.Errorf("%s differs from what the source writes; run the command that the package comment shows", name)
		}
	}
}
