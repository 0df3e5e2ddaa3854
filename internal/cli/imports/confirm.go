package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/progress"
)

// confirm asks before an import, unless it goes into the embedded sandbox or has nothing to do. Previous
// is the import that is resumed, and unfinished the import of the same manifests that is not; both may
// be nil.
func (o *importOptions) confirm(c *target.Connection, devices int, previous, unfinished *ledger.Import, flags *pflag.FlagSet,
	streams terminal.Streams,
) error {
	if o.yes || c.Embedded() || devices == 0 {
		return nil
	}
	question := fmt.Sprintf("import %s into %s?", progress.Plural(devices, "device", "devices"), c)
	refused := exit.NotConfirmed("nothing was imported")
	switch {
	case previous != nil && leftOf(previous) == 0:
		return nil
	case previous != nil:
		question = fmt.Sprintf("resume: %s, into %s?", leftText(previous), c)
	case unfinished != nil:
		question = "start another import: " + question
		refused = exit.WithHint(refused, "finish the earlier one with '"+resumeCommand(unfinished.ID, flags)+"'")
	}
	if streams.Confirm(question) {
		return nil
	}
	return refused
}

// leftOf returns the number of entries that a resumed import still imports.
func leftOf(i *ledger.Import) int { return i.Counts.Pending() + i.Counts.Failed }

func leftText(i *ledger.Import) string {
	return count(leftOf(i)) + " of " + count(i.Counts.Entries) + " left"
}

// unfinishedOf returns the latest import of the same manifests into the same target that has not
// ended, or nil.
func unfinishedOf(ctx context.Context, book *sqlite.Ledger, t ledger.Target, manifests []ledger.Manifest) (*ledger.Import, error) {
	var latest *ledger.Import
	same := func(a, b ledger.Manifest) bool { return a.SHA256 == b.SHA256 }
	for i, err := range book.Imports(ctx) {
		if err != nil {
			return nil, err
		}
		if i.State != ledger.StateFinished && i.Target == t && slices.EqualFunc(i.Manifests, manifests, same) &&
			(latest == nil || i.Begun.After(latest.Begun)) {
			latest = &i
		}
	}
	return latest, nil
}

// otherFlags describes how the flags of an earlier import differ from those of this one.
func otherFlags(earlier ledger.Import, now recordedSettings) string {
	var then recordedSettings
	if json.Unmarshal([]byte(earlier.Settings), &struct{ Flags *map[string][]string }{&then.Flags}) != nil {
		return "with other settings" // of a version that recorded them otherwise
	}
	var differences []string
	for _, name := range resumedFlags {
		before, after := then.Flags[name], now.Flags[name]
		switch {
		case slices.Equal(before, after):
		case len(after) == 0:
			differences = append(differences, "with "+flagText(name, before))
		case len(before) == 0:
			differences = append(differences, "without "+flagText(name, after))
		default:
			differences = append(differences, "with "+flagText(name, before)+" instead of "+flagText(name, after))
		}
	}
	if len(differences) == 0 {
		return "with other settings" // such as another content of the file of --only
	}
	return strings.Join(differences, ", ")
}

func flagText(name string, values []string) string {
	words := make([]string, len(values))
	for i, value := range values {
		separator := " "
		if value == "true" || value == "false" { // perhaps of a flag that needs no value
			separator = "="
		}
		words[i] = "--" + name + separator + terminal.ShellQuote(value)
	}
	return strings.Join(words, " ")
}
