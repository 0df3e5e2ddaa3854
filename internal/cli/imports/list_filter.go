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

// A ListFilter selects imports by what the imports of machines and of stacks have.
type ListFilter struct {
	States   []string
	Since    time.Time
	Manifest string
}

// AddListFilter adds the flags of a [ListFilter] to a command whose imports can be in some states.
func AddListFilter(flags *pflag.FlagSet, states []string) {
	flags.StringArray("state", nil, "list only imports in this `state`: "+strings.Join(states, ", ")+" (repeatable)")
	flags.Var(&sinceFlag{}, "since", "list only imports that began at this `time` or later: 2026-11-26, RFC 3339, or an age such as 48h")
	flags.String("manifest", "", "list only imports of a manifest whose name or SHA-256 contains this `text`")
}

// ListFilterOf returns the filter of a command line with the flags of [AddListFilter]. The error is one of usage if no
// import can be in a state.
func ListFilterOf(flags *pflag.FlagSet, states []string) (f ListFilter, err error) {
	f.States, _ = flags.GetStringArray("state") // the flags are there
	f.Manifest, _ = flags.GetString("manifest")
	if since, ok := flags.Lookup("since").Value.(*sinceFlag); ok {
		f.Since = since.Time
	}
	for _, state := range f.States {
		if !slices.Contains(states, state) {
			return f, exit.UsageError(fmt.Errorf("--state %q is none of %s", state, strings.Join(states, ", ")), "")
		}
	}
	return f, nil
}

// Selects reports whether an import passes all filters.
func (f *ListFilter) Selects(state string, begun time.Time, manifests []ledger.Manifest) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, state)) && !begun.Before(f.Since) &&
		(f.Manifest == "" || slices.ContainsFunc(manifests, f.isManifest))
}

func (f *ListFilter) isManifest(m ledger.Manifest) bool {
	return strings.Contains(strings.ToLower(m.Name), strings.ToLower(f.Manifest)) || strings.Contains(m.SHA256, strings.ToLower(f.Manifest))
}

// A targetFilter selects imports of this machine by where they went.
type targetFilter struct {
	account string
	region  string
	sandbox bool
}

// add adds the flags to a command.
func (f *targetFilter) add(flags *pflag.FlagSet) {
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

// meant reports whether a flag of the target filters. The config file and the environment set these
// flags for other commands, unless the command line chooses a target.
func meant(flags *pflag.FlagSet, name string) bool {
	from := config.SourceOf(flags.Lookup(name)).From
	return from == config.FromFlag ||
		from == config.FromTarget && config.SourceOf(flags.Lookup("target")).From == config.FromFlag
}

// selects reports whether an import passes all filters.
func (f *targetFilter) selects(to ledger.Target, flags *pflag.FlagSet) bool {
	switch {
	case meant(flags, "account") && f.account != to.Account,
		meant(flags, "region") && f.region != to.Region,
		meant(flags, "sandbox") && f.sandbox != (to.Sandbox != ""):
		return false
	}
	return true
}
