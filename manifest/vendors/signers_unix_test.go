//go:build unix

package vendors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/thingpress/thingpress/manifest/vendors"
)

// Nobody may ever write to a pipe, and a directory named by mistake may have any number of files.
func TestDirectoryWithAPipeAndManyFilesIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("b%d.txt", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := vendors.LoadSigners(dir)
	if err == nil || !strings.Contains(err.Error(), "a.pem: not a file") || len(err.Error()) > 2000 {
		t.Errorf("error %v", err)
	}
}
