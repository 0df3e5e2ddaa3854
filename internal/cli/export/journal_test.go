package export

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/thingpress/thingpress/internal/filelock"
	"github.com/thingpress/thingpress/internal/ledger"
)

// Two exports that wrote one journal would destroy it.
func TestSecondExportIntoAFileIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("only Linux and Windows lock a part of a file")
	}
	o := &options{out: filepath.Join(t.TempDir(), "fleet.json")}
	first, _, err := o.openJournal(ledger.Target{})
	if err != nil {
		t.Fatal(err)
	}
	var held *filelock.HeldError
	if _, _, err := o.openJournal(ledger.Target{}); !errors.As(err, &held) {
		t.Errorf("the second one: %v", err)
	}
	first.close(true)
	again, _, err := o.openJournal(ledger.Target{})
	if err != nil {
		t.Fatal(err)
	}
	again.close(false)
}
