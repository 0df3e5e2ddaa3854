package arrows

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

const module = "github.com/thingpress/thingpress"

// arrow says which packages of ours a package and those below it may depend on, directly or not, itself aside.
type arrow struct {
	from string
	to   []string
}

// A trailing /... includes what is below. The first arrow that matches a package holds for it. A package that no arrow names is
// free to depend on others, but none of those named here may depend on it; only entry points are above it.
var arrows = []arrow{
	{"manifest/...", []string{"manifest/..."}},
	{"internal/iot", nil},
	{"internal/quota/...", []string{"internal/iot"}},
	{"internal/awsiot/...", []string{"internal/awsiot/...", "internal/iot", "internal/quota"}},
	{"internal/ledger", []string{"manifest/..."}},
	{"internal/ledger/...", []string{"internal/ledger", "internal/ledger/...", "internal/backoff", "internal/xdg", "manifest/..."}},
	{"internal/backoff", nil},
	{"internal/spool", nil},
	{"internal/xdg", nil},
	{"internal/environment", nil},
	{"internal/call", []string{"internal/backoff", "internal/iot", "internal/quota"}},
	{"internal/device", []string{"internal/backoff", "internal/call", "internal/iot", "internal/ledger", "internal/quota", "manifest/..."}},
	{"internal/engine/...", []string{
		"internal/engine/...", "internal/backoff", "internal/call", "internal/device", "internal/iot", "internal/quota", "internal/ledger", "manifest/...",
	}},
	{"internal/advice", []string{"internal/iot", "manifest/..."}},
	{"internal/sandbox/...", []string{"internal/sandbox/...", "internal/iot", "internal/quota", "manifest/..."}},
	{"internal/material/...", []string{"internal/material/...", "manifest/..."}},
	{"internal/testkit/require", nil},
	{"internal/tool/...", nil},
}

// entryPoints may be depended on by no package but those that stand above them.
var entryPoints = map[string][]string{
	"cmd/...":              nil,
	"internal/cli/...":     {"cmd/thingpress", "internal/cli/..."},
	"internal/stack/...":   {"cmd/...", "internal/cli/...", "internal/stack/...", "internal/testkit/..."},
	"internal/testkit/...": {"internal/testkit/..."},
}

// foreign lists modules that a package must not link, directly or not, with the reason.
var foreign = []struct{ from, module, why string }{
	{"manifest/...", "github.com/aws/", "a decoder makes no calls"},
	{"manifest/...", "modernc.org/", "a decoder keeps no record"},
	{"internal/quota/...", "github.com/aws/", "quotas are numbers; the adapter reads them"},
	{"internal/ledger", "modernc.org/", "the interface must not bring one implementation along"},
	{"internal/engine/...", "github.com/aws/", "the engine sees AWS through interfaces that it declares itself"},
	{"internal/engine/...", "modernc.org/", "the engine sees the ledger through its interface"},
	{"internal/sandbox/...", "github.com/aws/", "the same code on both sides of the wire would hide an error"},
	{"cmd/thingpress-lambda", "modernc.org/", "the stack's ledger is DynamoDB; SQLite would cost cold start"},
}

// pkg is the part of `go list -json` that matters here. Imports of test files are not in it.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// ours lists the packages of this module with their dependencies, except those that hold tests alone.
func ours(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = require.Root(t)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	var found []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if local(p.ImportPath) != "" {
			found = append(found, p)
		}
	}
}

// local returns the path of one of our packages below the module's, and "" for any other package.
func local(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	return rest
}

func matches(pattern, path string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return path == pattern
}

func anyMatches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, path) })
}

// violations tells every dependency that breaks an arrow.
func violations(packages []pkg) []string {
	var broken []string
	for _, p := range packages {
		from := local(p.ImportPath)
		if i := slices.IndexFunc(arrows, func(a arrow) bool { return matches(a.from, from) }); i >= 0 {
			for _, dep := range p.Deps {
				if to := local(dep); to != "" && !anyMatches(arrows[i].to, to) {
					broken = append(broken, from+" depends on "+to)
				}
			}
		}
		for entry, above := range entryPoints {
			for _, dep := range p.Deps {
				if to := local(dep); to != "" && matches(entry, to) && !anyMatches(above, from) {
					broken = append(broken, from+" depends on "+to+", an entry point")
				}
			}
		}
		if matches("cmd/...", from) {
			for _, dep := range p.Imports {
				if to := local(dep); to != "" && to != "internal/cli" && to != "internal/stack/lambda" {
					broken = append(broken, from+" imports "+to+"; a main only starts cli or stack/lambda")
				}
			}
		}
		for _, f := range foreign {
			if i := slices.IndexFunc(p.Deps, func(dep string) bool { return strings.HasPrefix(dep, f.module) }); matches(f.from, from) && i >= 0 {
				broken = append(broken, from+" links "+p.Deps[i]+": "+f.why)
			}
		}
	}
	return broken
}

func TestPackagesDependOnlyAlongTheArrows(t *testing.T) {
	t.Parallel()
	packages := ours(t)
	if !slices.ContainsFunc(packages, func(p pkg) bool { return local(p.ImportPath) == "manifest" }) {
		t.Fatal("manifest is not among the packages: nothing was looked at")
	}
	for _, v := range violations(packages) {
		t.Error(v)
	}
}

func TestArrowsNoticeAWrongDependency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to string }{
		{"manifest/infineon", "internal/quota"},
		{"internal/quota", "manifest"},
		{"internal/ledger", "internal/ledger/sqlite"},
		{"internal/ledger/sqlite", "internal/engine"},
		{"internal/engine", "internal/awsiot"},
		{"internal/engine", "internal/something"},
		{"internal/awsiot", "internal/sandbox"},
		{"internal/sandbox", "internal/engine"},
		{"internal/something", "internal/cli"},
		{"internal/stack", "internal/cli"},
		{"internal/cli", "internal/testkit/require"},
		{"cmd/thingpress", "internal/engine"},
		{"cmd/thingpress-lambda", "internal/stack/bring"},
	} {
		deps := []string{"fmt", module + "/" + c.to}
		if v := violations([]pkg{{ImportPath: module + "/" + c.from, Imports: deps, Deps: deps}}); len(v) == 0 {
			t.Errorf("%s may depend on %s", c.from, c.to)
		}
	}
	if v := violations([]pkg{{ImportPath: module + "/internal/engine", Deps: []string{"github.com/aws/smithy-go"}}}); len(v) != 1 {
		t.Errorf("the engine links the SDK: %q", v)
	}
}
