package stacks

import (
	"context"
	"path"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newImports(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	var limit int
	c := &cobra.Command{
		Use:   "imports",
		Short: "List the imports of the stack",
		Long: `List the imports of the stack, newest first, with ID, state, numbers and manifest.
Imports whose manifest is still being read have no numbers yet. With several filters
an import must pass all of them.`,
		Example: `  thingpress stack imports
  thingpress stack imports --limit 1000 --output json

  # the imports of the last week that were stopped or cancelled
  thingpress stack imports --since 168h --state stopped --state cancelled`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return listImports(c.Context(), o, c.Flags(), limit, streams)
		},
	}
	o.add(c)
	imports.AddListFilter(c.Flags(), operate.States())
	manifests.Complete(c, "state", operate.States())
	c.Flags().IntVar(&limit, "limit", listedMost, "maximum `number` to show; 0 for no limit")
	return c
}

// listedMost is how many imports are listed by default.
const listedMost = 50

func listImports(ctx context.Context, o stackFlags, flags *pflag.FlagSet, limit int, streams terminal.Streams) error {
	filter, err := imports.ListFilterOf(flags, operate.States())
	if err != nil {
		return err
	}
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	var list []operate.Import
	all, more := 0, false
	for i, err := range stack.Imports(ctx) {
		if err != nil {
			return err
		}
		if i.Job.Created.Before(filter.Since) {
			break // the list is ordered
		}
		if all++; !filter.Selects(i.State(), i.Job.Created, manifestsOf(i)) {
			continue
		}
		if more = len(list) == limit && limit > 0; more {
			break
		}
		list = append(list, i)
	}
	if o.output == terminal.JSON {
		lines := make([]importLine, len(list))
		for i := range list {
			lines[i] = importLineOf(list[i])
		}
		return terminal.PrintLines(streams, lines)
	}
	if len(list) == 0 {
		what := "no imports yet"
		if all > 0 || !filter.Since.IsZero() {
			what = "no such imports"
		}
		plain.Fprintf(streams.Err, "stack %s has %s\n", o.stack, what)
		return nil
	}
	if err := printImports(streams, list); err != nil || !more {
		return err
	}
	plain.Fprintf(streams.Err, "these are the latest %s; show all with --limit 0\n", count(limit))
	return nil
}

// manifestsOf returns the manifest of an import, without its SHA-256 as long as it is being read.
func manifestsOf(i operate.Import) []ledger.Manifest {
	if i.Record != nil {
		return i.Record.Manifests
	}
	return []ledger.Manifest{{Name: i.Job.Upload.Key}}
}

// An importLine is an import as JSON, like the lines of `thingpress imports` but with an
// upload instead of a file.
type importLine struct {
	Type      string            `json:"type"`
	Import    string            `json:"import"`
	State     string            `json:"state"`
	Cause     string            `json:"cause,omitempty"`
	RetryAt   *time.Time        `json:"retry_at,omitempty"`
	Begun     time.Time         `json:"begun"`
	Ended     *time.Time        `json:"ended,omitempty"`
	Counts    ledger.Counts     `json:"counts"`
	Pending   int               `json:"pending"`
	Vendor    string            `json:"vendor"`
	Bucket    string            `json:"bucket"`
	Key       string            `json:"key"`
	VersionID string            `json:"version_id,omitempty"`
	Size      int64             `json:"size"`
	Manifests []ledger.Manifest `json:"manifests,omitempty"`
	Rate      float64           `json:"devices_per_second,omitempty"`
	Left      float64           `json:"seconds_left,omitempty"`
	Reasons   []operate.Reason  `json:"reasons,omitempty"`
	// Distribution is how many devices get what their entries asked for.
	Distribution []imports.Share `json:"distribution,omitempty"`
	// Verb and Of are set for a later command over imports.
	Verb string   `json:"verb,omitempty"`
	Of   []string `json:"of,omitempty"`
	// Position is 1 for the import that ends first; 0 if that is unknown.
	Position int `json:"position,omitempty"`
}

func importLineOf(i operate.Import) importLine {
	u, counts := i.Job.Upload, i.Counts()
	line := importLine{
		Type: "import", Import: i.Job.Import, State: i.State(), Cause: i.Cause(), Begun: i.Job.Created,
		Counts: counts, Pending: counts.Pending(), Vendor: i.Job.Vendor,
		Bucket: u.Bucket, Key: u.Key, VersionID: u.Version, Size: u.Size,
	}
	if i.Job.Command != nil {
		line.Verb, line.Of = i.Job.Command.Verb, i.Job.Command.Of
	}
	now := time.Now()
	line.Rate, line.Left = i.Rate(now), i.Left(now).Seconds()
	if !i.Job.RetryAt.IsZero() {
		line.RetryAt = &i.Job.RetryAt
	}
	if i.Record != nil {
		line.Manifests = i.Record.Manifests
		if !i.Record.Ended.IsZero() {
			line.Ended = &i.Record.Ended
		}
	}
	return line
}

// printImports prints a table of imports.
func printImports(streams terminal.Streams, list []operate.Import) error {
	t := streams.Table(slices.Concat([]terminal.Column{{Name: "IMPORT"}, {Name: "STATE"}, {Name: "BEGUN", Drop: 5}}, imports.CountColumns(),
		[]terminal.Column{{Name: "VENDOR", Drop: 6}, {Name: "MANIFEST", Cut: true}}))
	for _, i := range list {
		begun, name := i.Job.Created.UTC().Format(time.RFC3339), i.Job.Upload.Key
		if streams.OutTerminal {
			begun, name = i.Job.Created.Local().Format(imports.Minute), path.Base(name)
		}
		t.Row(slices.Concat([]string{i.Job.Import, i.State(), begun}, imports.CountCells(i.Counts()), []string{i.Job.Vendor, name})...)
	}
	return t.Flush()
}
