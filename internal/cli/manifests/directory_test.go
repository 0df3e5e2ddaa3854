package manifests_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/manifest"
)

// What another process appends to a file while it is read must not be lost without a word.
func TestFileThatChangesInADirectoryEndsTheManifest(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"longer": 20, "shorter": 4} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			reel := filepath.Join(dir, "reel.csv")
			if err := os.WriteFile(reel, []byte("MAC,cn,cert\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			files, err := manifests.OpenFiles(t.Context(), []string{dir}, manifests.Reading{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { err = errors.Join(err, files.Close()) }()
			in := files.Inputs[0]
			if _, err := io.ReadAll(io.NewSectionReader(in.Reader, 0, in.Size)); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(reel, size); err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadAll(io.NewSectionReader(in.Reader, 0, in.Size))
			if manifest.ReasonOf(err) != manifest.ReasonChanged {
				t.Errorf("%v", err)
			}
		})
	}
}
