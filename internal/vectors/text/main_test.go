package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/requiretest"
)

// A vector that was edited by hand, or that depends on the machine, is not one that others can rely on.
func TestCommittedVectorsAreWhatTheSourceWrites(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(requiretest.Root(t), "manifest", "testdata", "vectors")
	want := files()
	for _, group := range []string{"espressif", "generated", "certificate"} {
		found, err := filepath.Glob(filepath.Join(dir, group, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if _, ok := want[group+"/"+filepath.Base(path)]; !ok {
				t.Errorf("%s is there, and the source does not write it", path)
			}
		}
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
