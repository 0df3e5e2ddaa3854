// Package version has the version of this program and the command that prints it.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// The linker sets these in a release, with -X. Other builds have what the Go toolchain
// recorded.
var (
	released string // semantic version without "v"
	commit   string
	date     string // of the commit, RFC 3339
)

// Info identifies a build of this program.
type Info struct {
	// Version is a semantic version without "v", or "devel" if the build has none.
	Version string
	// Commit is the revision of the source, and Date when it was made, in RFC 3339. Both
	// are empty if the build did not record them.
	Commit, Date string
	// Modified is set if the source differed from the commit.
	Modified bool
	// Development is set unless the program is that of a release: built by one, or installed by
	// "go install" with a version.
	Development bool
	// Go is the version of the toolchain, and Platform the operating system and
	// architecture, such as linux/amd64.
	Go, Platform string
}

// Current returns the semantic version of this program, without "v".
func Current() string { return Build().Version }

// Build identifies this program.
func Build() Info {
	build, _ := debug.ReadBuildInfo()
	return identify(build, Info{Version: released, Commit: commit, Date: date})
}

// identify completes what the linker set with what the toolchain recorded, which may be
// nil.
func identify(build *debug.BuildInfo, set Info) Info {
	set.Go, set.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	set.Development = set.Version == ""
	if build != nil {
		if recorded := build.Main.Version; recorded != "(devel)" {
			set.Version = cmp.Or(set.Version, strings.TrimPrefix(recorded, "v"))
			// In a checkout the toolchain makes a version from the commit, and records both.
			set.Development = set.Development && (recorded == "" || hasCommit(build))
		}
		for _, s := range build.Settings {
			switch s.Key {
			case "vcs.revision":
				set.Commit = cmp.Or(set.Commit, s.Value)
			case "vcs.time":
				set.Date = cmp.Or(set.Date, s.Value)
			case "vcs.modified":
				set.Modified = s.Value == "true"
			}
		}
	}
	set.Version = cmp.Or(set.Version, "devel")
	return set
}

func hasCommit(build *debug.BuildInfo) bool {
	return slices.ContainsFunc(build.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" })
}

// String returns three lines for people, of which the second is missing if the commit is
// unknown.
func (i Info) String() string {
	text := "thingpress " + i.Version + "\n"
	if i.Commit != "" {
		text += "commit " + i.Commit
		if i.Modified {
			text += ", modified"
		}
		if i.Date != "" {
			text += ", " + i.Date
		}
		text += "\n"
	}
	return text + i.Go + ", " + i.Platform + "\n"
}

// A line is an Info as JSON.
type line struct {
	Type     string `json:"type"`
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// NewCommand returns `thingpress version`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var output terminal.Output
	c := &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, date and Go version",
		Long:  "Print the version of this program, the commit it was built from and its date, and the version of Go.",
		Example: `  thingpress version
  thingpress version --output json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := Build()
			if output == terminal.JSON {
				return streams.PrintJSON(line{"version", b.Version, b.Commit, b.Date, b.Modified, b.Go, b.Platform})
			}
			_, err := fmt.Fprint(streams.Out, b)
			return err
		},
	}
	output.AddFlag(c)
	return c
}
