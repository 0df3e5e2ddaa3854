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

// arrow lists the packages of this module that a package and those below it may depend on,
// directly or not, in addition to themselves and the leaves.
type arrow struct {
	from string
	to   []string
}

// leaves depend on no package of this module. Every package may depend on them, except the
// public libraries.
var leaves = []string{
	"internal/iot", "internal/backoff", "internal/newfile", "internal/plain", "internal/spool", "internal/xdg", "internal/environment",
	"internal/filelock", "internal/nearest", "internal/mqtt",
}

// The packages below the engine describe one import. The engine knows no vendors, so it may
// only use package manifest itself.
var (
	belowDevice = []string{"internal/call", "internal/ledger", "internal/quota", "manifest"}
	belowEngine = append([]string{"internal/device/..."}, belowDevice...)
	belowReport = append([]string{"internal/engine/...", "internal/advice", "internal/progress", "manifest/...", "policy/..."}, belowEngine...)
)

// A trailing /... includes packages below. The first arrow that matches a package applies. A
// package without an arrow may depend on any other, but packages with an arrow may not depend
// on it, only entry points may.
var arrows = []arrow{
	{"manifest/...", []string{"manifest/..."}},
	{"policy/...", []string{"policy/..."}},
	{"internal/progress", nil},
	{"internal/quota/...", nil},
	{"internal/awsiot/...", []string{"internal/awsiot/...", "internal/quota"}},
	{"internal/ledger", []string{"manifest"}},
	{"internal/ledger/...", []string{"internal/ledger", "internal/ledger/...", "manifest"}},
	{"internal/call", []string{"internal/quota"}},
	{"internal/device/...", append([]string{"internal/device/..."}, belowDevice...)},
	{"internal/engine/...", append([]string{"internal/engine/..."}, belowEngine...)},
	{"internal/advice", append([]string{"internal/engine/...", "manifest/...", "policy/..."}, belowEngine...)},
	{"internal/report", belowReport},
	{"internal/sandbox/...", []string{"internal/sandbox/...", "internal/quota", "manifest", "policy/..."}},
	{"internal/material/...", []string{"internal/material/...", "manifest/..."}},
	{"internal/testkit/require", nil},
	{"internal/arrows", nil},
}

// entryPoints may be imported only by the packages listed for each of them.
var entryPoints = map[string][]string{
	"cmd/...":                nil,
	"internal/cli/...":       {"cmd/thingpress", "internal/cli/..."},
	"internal/stack/...":     {"cmd/...", "internal/cli/...", "internal/stack/...", "internal/testkit/..."},
	"internal/stack/lambda":  {"cmd/thingpress-lambda"},
	"internal/stack/operate": {"cmd/thingpress", "internal/cli/..."},
	"internal/stack/aws/...": {
		"cmd/...", "internal/cli/...", "internal/testkit/...",
		"internal/stack/aws/...", "internal/stack/decode", "internal/stack/lambda", "internal/stack/operate",
	},
	"internal/sandbox/...":       {"cmd/thingpress", "internal/cli/...", "internal/sandbox/...", "internal/testkit/..."},
	"internal/material/...":      {"cmd/thingpress", "internal/cli/...", "internal/material/...", "internal/testkit/..."},
	"internal/ledger/sqlite/...": {"cmd/thingpress", "internal/cli/...", "internal/testkit/..."},
	"internal/awsiot/...": {
		"cmd/...", "internal/cli/...", "internal/awsiot/...", "internal/testkit/...",
		"internal/stack/aws/...", "internal/stack/lambda", "internal/stack/operate",
	},
	"internal/testkit/...": {"internal/testkit/..."}, // imports of tests are not checked
}

// foreign lists modules that a package must not link, directly or not, and why.
var foreign = []struct{ from, module, why string }{
	{"manifest/...", "github.com/aws/", "a decoder makes no calls"},
	{"manifest/...", "modernc.org/", "a decoder keeps no record"},
	{"policy/...", "github.com/", "a public library must not add dependencies"},
	{"internal/quota/...", "github.com/aws/", "quotas are numbers; the adapter reads them"},
	{"internal/ledger", "modernc.org/", "the interface must not depend on an implementation"},
	{"internal/ledger", "github.com/aws/", "the interface must not depend on an implementation"},
	{"internal/engine/...", "github.com/aws/", "the engine sees AWS through interfaces that it declares itself"},
	{"internal/engine/...", "modernc.org/", "the engine sees the ledger through its interface"},
	{"internal/sandbox/...", "github.com/aws/", "the same code on both sides of the wire would hide an error"},
	{"cmd/thingpress-lambda", "modernc.org/", "the stack's ledger is DynamoDB; SQLite would cost cold start"},
	{"cmd/thingpress-lambda", "github.com/spf13/cobra", "the functions have no command line"},
}

// pkg contains the fields of `go list -json` that matter here. They do not include imports of
// test files.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// ours returns the packages of this module with their dependencies. Packages with only tests
// have none.
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

// local returns the path of a package of this module relative to the module, or "" for any
// other package.
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

// violations returns a sentence for every dependency that breaks an arrow.
func violations(packages []pkg) []string {
	var broken []string
	for _, p := range packages {
		from := local(p.ImportPath)
		for _, dep := range p.Deps {
			if to := local(dep); to != "" && !mayReach(from, to) {
				broken = append(broken, from+" depends on "+to)
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
			links := func(dep string) bool { return strings.HasPrefix(dep, f.module) && local(dep) == "" }
			if i := slices.IndexFunc(p.Deps, links); matches(f.from, from) && i >= 0 {
				broken = append(broken, from+" links "+p.Deps[i]+": "+f.why)
			}
		}
	}
	return broken
}

// mayReach reports whether the arrows let one package depend on another.
func mayReach(from, to string) bool {
	if slices.Contains(leaves, from) {
		return false
	}
	i := slices.IndexFunc(arrows, func(a arrow) bool { return matches(a.from, from) })
	if i < 0 || anyMatches(arrows[i].to, to) {
		return true
	}
	library := matches("manifest/...", from) || matches("policy/...", from)
	return slices.Contains(leaves, to) && !library
}

func TestPackagesDependOnlyAlongTheArrows(t *testing.T) {
	t.Parallel()
	packages := ours(t)
	if !slices.ContainsFunc(packages, func(p pkg) bool { return local(p.ImportPath) == "manifest" }) {
		t.Fatal("manifest is not among the packages: nothing was checked")
	}
	for _, v := range violations(packages) {
		t.Error(v)
	}
}

func TestArrowsNoticeAWrongDependency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to string }{
		{"manifest/infineon", "internal/quota"},
		{"manifest/infineon", "internal/backoff"},
		{"policy", "manifest"},
		{"policy", "internal/iot"},
		{"internal/iot", "internal/backoff"},
		{"internal/quota", "manifest"},
		{"internal/ledger", "internal/ledger/sqlite"},
		{"internal/ledger/sqlite", "internal/engine"},
		{"internal/call", "internal/device"},
		{"internal/device", "internal/engine"},
		{"internal/engine", "internal/awsiot"},
		{"internal/engine", "internal/advice"},
		{"internal/engine", "manifest/microchip"},
		{"internal/engine", "internal/something"},
		{"internal/awsiot", "internal/sandbox"},
		{"internal/sandbox", "internal/engine"},
		{"internal/report", "internal/stack"},
		{"internal/something", "internal/cli"},
		{"internal/something", "internal/material"},
		{"internal/stack", "internal/cli"},
		{"internal/stack/bring", "internal/stack/aws/queue"},
		{"internal/stack/bring", "internal/awsiot"},
		{"internal/cli", "internal/testkit/require"},
		{"internal/cli/imports", "internal/stack/lambda"},
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
	below := []string{module + "/internal/iot", module + "/manifest"}
	if v := violations([]pkg{{ImportPath: module + "/internal/engine", Deps: below}}); len(v) > 0 {
		t.Errorf("the engine may depend on a leaf and on package manifest: %q", v)
	}
}
