package imports_test

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/imports"
)

// On a machine of 64 processors, an import of ten thousand devices took 140 MiB instead of 90.
func TestManyProcessorsDoNotTakeMoreMemory(t *testing.T) { //nolint:paralleltest // it changes the process
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	configured := map[string]string{"GOMAXPROCS": "64", "GOGC": "100"}
	lookup := func(name string) (string, bool) { value, ok := configured[name]; return value, ok }
	if imports.BoundMemory(lookup, nil, 0); runtime.GOMAXPROCS(0) != 64 {
		t.Errorf("%d processors, though the environment says how many", runtime.GOMAXPROCS(0))
	}
	clear(configured)
	if imports.BoundMemory(lookup, nil, 0); runtime.GOMAXPROCS(0) > 16 {
		t.Errorf("%d processors", runtime.GOMAXPROCS(0))
	}
}
