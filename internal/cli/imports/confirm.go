package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/progress"
)

// confirm asks before an import, unless it need not be asked about.
func (i *oneImport) confirm() error {
	question := i.question()
	if question == "" || i.streams.Confirm(question+"?") {
		return nil
	}
	refused := exit.NotConfirmed("nothing was imported")
	if i.previous == nil && i.unfinished != nil {
		return exit.WithHint(refused, "finish the earlier one with '"+resumeCommand(i.unfinished.ID, i.flags)+"'")
	}
	return refused
}

// question returns what is to be confirmed. It is empty if the import goes into the embedded sandbox or has
// nothing to do.
func (i *oneImport) question() string {
	question := fmt.Sprintf("import %s into %s", progress.Plural(i.scan.Devices, "device", "devices"), i.into())
	switch {
	case i.o.yes || i.connection.Embedded() || i.scan.Devices == 0, i.previous != nil && leftOf(i.previous) == 0:
		return ""
	case i.previous != nil:
		return fmt.Sprintf("resume: %s, into %s", leftText(i.previous), i.into())
	case i.unfinished != nil:
		return "start another import: " + question
	}
	return question
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
