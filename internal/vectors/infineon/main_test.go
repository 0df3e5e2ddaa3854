package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/requiretest"
)

// A vector that was edited by hand, or that depends on the machine, is not one that others can rely on.
func TestCommittedVectorsAreWhatTheSourceWrites(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(requiretest.Root(t), "manifest", "testdata", "vectors", "infineon")
	want := files()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if _, ok := want[name]; !ok && name != "README.md" {
			t.Errorf("%s is there, and the source does not write it", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range want {
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case err != nil:
			t.Errorf("%v; run the command that the package comment shows", err)
		case !bytes.Equal(have, data):
			t.Errorf("%s differs from what the source writes; run the command that the package comment shows", name)
		}
	}
}
