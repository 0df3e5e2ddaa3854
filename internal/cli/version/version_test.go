package version

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A report about a fault is worth little if it does not say which source the program was
// built from, however it was built.
func TestEveryKindOfBuildSaysWhatItWasBuiltFrom(t *testing.T) {
	t.Parallel()
	recorded := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "4f0c"}, {Key: "vcs.time", Value: "2026-11-24T10:00:00Z"}}
	for name, c := range map[string]struct {
		build *debug.BuildInfo
		set   Info
		want  Info
		text  string
	}{
		"released": {
			recorded("v0.1.1-0.20261124100000-4f0c+dirty", append(vcs, debug.BuildSetting{Key: "vcs.modified", Value: "true"})...),
			Info{Version: "0.2.0", Commit: "4f0cab", Date: "2026-11-24T10:00:01Z"},
			Info{Version: "0.2.0", Commit: "4f0cab", Date: "2026-11-24T10:00:01Z", Modified: true},
			"thingpress 0.2.0\ncommit 4f0cab, modified, 2026-11-24T10:00:01Z\n",
		},
		"go install": {recorded("v0.2.0"), Info{}, Info{Version: "0.2.0"}, "thingpress 0.2.0\n"},
		"go build": {
			recorded("(devel)", vcs...),
			Info{},
			Info{Version: "devel", Commit: "4f0c", Date: "2026-11-24T10:00:00Z", Development: true},
			"",
		},
		"checkout": {
			recorded("v0.1.1-0.20261124100000-4f0c", vcs...),
			Info{},
			Info{Version: "0.1.1-0.20261124100000-4f0c", Commit: "4f0c", Date: "2026-11-24T10:00:00Z", Development: true},
			"",
		},
		"nothing stamped": {recorded("(devel)"), Info{}, Info{Version: "devel", Development: true}, "thingpress devel\n"},
		"nothing at all":  {nil, Info{}, Info{Version: "devel", Development: true}, "thingpress devel\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := identify(c.build, c.set)
			c.want.Go, c.want.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := c.text + got.Go + ", " + got.Platform + "\n"; c.text != "" && got.String() != want {
				t.Errorf("printed %q, want %q", got.String(), want)
			}
		})
	}
}
