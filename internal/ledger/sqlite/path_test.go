package sqlite_test

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

func TestDefaultPathKeepsTargetsApart(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	base := ledger.Target{Partition: "aws", Account: "123456789012", Region: "eu-west-1"}
	path, err := sqlite.DefaultPath(base)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(state, "thingpress", "aws-123456789012-eu-west-1.db"); path != want {
		t.Errorf("got %s, want %s", path, want)
	}
	seen := map[string]ledger.Target{}
	for _, change := range []func(*ledger.Target){
		func(*ledger.Target) {},
		func(x *ledger.Target) { x.Partition = "aws-cn" },
		func(x *ledger.Target) { x.Account = "210987654321" },
		func(x *ledger.Target) { x.Region = "eu-west-2" },
		func(x *ledger.Target) { x.Endpoint = "http://127.0.0.1:4510" },
		func(x *ledger.Target) { x.Sandbox = "http://127.0.0.1:4510" },
		func(x *ledger.Target) { x.Endpoint, x.Sandbox = "http://127.0.0.1:4510", "s" },
	} {
		target := base
		change(&target)
		path, err := sqlite.DefaultPath(target)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[path]; ok {
			t.Errorf("%+v and %+v share %s", target, other, path)
		}
		seen[path] = target
	}
}

func TestDefaultPathStaysBelowTheStateDirectory(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, region := range []string{"", "../../x", "a/b", "eu-west-1\x00", `c:\x`, "."} {
		if path, err := sqlite.DefaultPath(ledger.Target{Partition: "aws", Account: "1", Region: region}); err == nil {
			t.Errorf("region %q gave %s", region, path)
		}
	}
}

func TestRelativeStateDirectoryIsIgnored(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "state")
	t.Setenv("HOME", t.TempDir())
	path, err := sqlite.DefaultPath(ledger.Target{Partition: "aws", Account: "1", Region: "r"})
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(path) {
		t.Errorf("%s depends on the working directory", path)
	}
	if runtime.GOOS == "linux" && !strings.HasSuffix(path, "/.local/state/thingpress/aws-1-r.db") {
		t.Error(path)
	}
}
