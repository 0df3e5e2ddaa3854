package imports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A listFilter selects imports.
type listFilter struct {
	states   []string
	since    sinceFlag
	manifest string
	account  string
	region   string
	sandbox  bool
}

// add adds the flags to a command.
func (f *listFilter) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.states, "state", nil, "list only imports in this `state`: "+strings.Join(stateNames(), ", ")+" (repeatable)")
	flags.Var(&f.since, "since", "list only imports that began at this `time` or later: 2026-11-26, RFC 3339, or an age such as 48h")
	flags.StringVar(&f.manifest, "manifest", "", "list only imports of a manifest whose name or SHA-256 contains this `text`")
	flags.StringVar(&f.account, "account", "", "list only imports into the account with this `ID`")
	flags.StringVar(&f.region, "region", "", "list only imports into this AWS `region`")
	flags.BoolVar(&f.sandbox, "sandbox", false, "list only imports into the embedded sandbox; =false lists only the others")
}

func stateNames() []string {
	return []string{
		string(ledger.StateRunning), string(ledger.StateInterrupted), string(ledger.StateStopped), string(ledger.StateFinished),
	}
}

// sinceFlag is --since.
type sinceFlag struct {
	time.Time
	text string
}

func (s *sinceFlag) String() string { return s.text }
func (s *sinceFlag) Type() string   { return "time" }

func (s *sinceFlag) Set(value string) error {
	s.text = value
	if age, err := time.ParseDuration(value); err == nil && age >= 0 {
		s.Time = time.Now().Add(-age)
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04", time.DateTime} {
		if at, err := time.ParseInLocation(layout, value, time.Local); err == nil {
			s.Time = at
			return nil
		}
	}
	return fmt.Errorf("%q is neither a date, a time nor an age", value)
}

// check returns an error if no import can be in a state.
func (f *listFilter) check() error {
	for _, state := range f.states {
		if !slices.Contains(stateNames(), state) {
			return exit.UsageError(fmt.Errorf("--state %q is none of %s", state, strings.Join(stateNames(), ", ")), "")
		}
	}
	return nil
}

// meant reports whether a flag of the target filters. The config file and the environment set these
// flags for other commands, unless the command line chooses a target.
func meant(flags *pflag.FlagSet, name string) bool {
	from := config.SourceOf(flags.Lookup(name)).From
	return from == config.FromFlag ||
		from == config.FromTarget && config.SourceOf(flags.Lookup("target")).From == config.FromFlag
}

// selects reports whether an import passes all filters.
func (f *listFilter) selects(line importLine, flags *pflag.FlagSet) bool {
	switch {
	case len(f.states) > 0 && !slices.Contains(f.states, string(line.State)),
		line.Begun.Before(f.since.Time),
		f.manifest != "" && !slices.ContainsFunc(line.Manifests, f.isManifest),
		meant(flags, "account") && f.account != line.Target.Account,
		meant(flags, "region") && f.region != line.Target.Region,
		meant(flags, "sandbox") && f.sandbox != (line.Target.Sandbox != ""):
		return false
	}
	return true
}

func (f *listFilter) isManifest(m ledger.Manifest) bool {
	return strings.Contains(strings.ToLower(m.Name), strings.ToLower(f.manifest)) || strings.Contains(m.SHA256, strings.ToLower(f.manifest))
}
