package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newStackImports(streams Streams) *cobra.Command {
	var o stackFlags
	var most int
	c := &cobra.Command{
		Use:   "imports",
		Short: "List the imports of the stack",
		Long: `List the imports of the stack, newest first: ID, state, numbers and manifest. What is
still read has no numbers yet.`,
		Example: `  thingpress stack imports
  thingpress stack imports --most 1000 --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runStackImports(c.Context(), o, most, streams)
		},
	}
	o.add(c)
	c.Flags().IntVar(&most, "most", 50, "show so many; 0 shows all")
	return c
}

func runStackImports(ctx context.Context, o stackFlags, most int, streams Streams) error {
	stack, err := o.open(ctx)
	if err != nil {
		return err
	}
	var list []operate.Import
	for i, err := range stack.Imports(ctx) {
		if err != nil {
			return ended(ctx, err, "interrupted")
		}
		if list = append(list, i); len(list) == most {
			break
		}
	}
	if o.output == outputJSON {
		encoder := json.NewEncoder(streams.Out)
		for _, i := range list {
			if err := encoder.Encode(stackImportLineOf(i)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		fmt.Fprintf(streams.Err, "stack %s has imported nothing yet\n", o.stack)
		return nil
	}
	return printStackImports(streams, list)
}

// stackImportLine is an import as JSON: as the lines of `thingpress imports`, with
// the upload instead of a file.
type stackImportLine struct {
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
}

func stackImportLineOf(i operate.Import) stackImportLine {
	u, counts := i.Job.Upload, i.Counts()
	line := stackImportLine{
		Type: "import", Import: i.Job.Import, State: i.State(), Cause: i.Cause(), Begun: i.Job.Created,
		Counts: counts, Pending: counts.Pending(), Vendor: i.Job.Vendor,
		Bucket: u.Bucket, Key: u.Key, VersionID: u.Version, Size: u.Size,
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

func printStackImports(streams Streams, list []operate.Import) error {
	t := newTable(streams.Out, streams.OutTerminal,
		"IMPORT", "STATE", "BEGUN", "ENTRIES", "IMPORTED", "UNCHANGED", "FAILED", "REJECTED", "SKIPPED", "PENDING", "VENDOR", "MANIFEST")
	for _, i := range list {
		c, n := i.Counts(), strconv.Itoa
		begun, name := i.Job.Created.UTC().Format(time.RFC3339), i.Job.Upload.Key
		if streams.OutTerminal {
			begun, name = i.Job.Created.Local().Format(time.DateTime), path.Base(name)
		}
		t.row(i.Job.Import, i.State(), begun, n(c.Entries), n(c.Imported), n(c.Unchanged), n(c.Failed), n(c.Rejected), n(c.Skipped),
			n(c.Pending()), i.Job.Vendor, name)
	}
	return t.flush()
}

func newStackImport(streams Streams) *cobra.Command {
	var o stackFlags
	var follow bool
	c := &cobra.Command{
		Use:   "import ID",
		Short: "Show one import of the stack",
		Long: `Show one import of the stack: numbers, rate and estimate while it runs, and why entries
were not imported. With --follow it stays until the import has ended, and exits as
'thingpress import' does.

` + exitHelp,
		Example: `  thingpress stack import 0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d
  thingpress stack import --follow 0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runStackImport(c.Context(), o, args[0], follow, streams)
		},
	}
	o.add(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "stay until the import has ended")
	return c
}

func runStackImport(ctx context.Context, o stackFlags, id string, follow bool, streams Streams) error {
	stack, err := o.open(ctx)
	if err != nil {
		return err
	}
	i, err := stack.Import(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return withHint(err, "thingpress stack imports lists them")
	}
	if err != nil {
		return ended(ctx, err, "interrupted")
	}
	if follow {
		return followImport(ctx, &o, stack, i, streams)
	}
	return showImport(ctx, &o, stack, i, streams)
}

// showImport prints an import with the reasons of what was not imported, and
// ends as a local import of these numbers does.
func showImport(ctx context.Context, o *stackFlags, stack *operate.Stack, i operate.Import, streams Streams) error {
	c := i.Counts()
	var reasons []operate.Reason
	if c.Failed+c.Rejected+c.Skipped > 0 {
		var err error
		if reasons, err = stack.Reasons(ctx, i.Job.Import); err != nil {
			return ended(ctx, err, "interrupted")
		}
	}
	if o.output == outputJSON {
		line := stackImportLineOf(i)
		line.Reasons = reasons
		if err := json.NewEncoder(streams.Out).Encode(line); err != nil {
			return err
		}
	} else {
		printImport(streams, i, reasons)
	}
	switch {
	case i.State() == string(ledger.StateStopped):
		return &exitError{code: ExitFailure}
	case c.Failed+c.Rejected > 0:
		return &exitError{code: ExitIncomplete}
	}
	return nil
}

func printImport(streams Streams, i operate.Import, reasons []operate.Reason) {
	out := streams.Out
	fmt.Fprintf(out, "import %s: %s\n", i.Job.Import, i.State())
	fmt.Fprintf(out, "s3://%s/%s, %s, %s bytes\n", plain(i.Job.Upload.Bucket), plain(i.Job.Upload.Key), i.Job.Vendor, progress.Count(i.Job.Upload.Size))
	if cause := i.Cause(); cause != "" {
		fmt.Fprintf(out, "cause: %s\n", plain(cause))
		if !i.Job.RetryAt.IsZero() && !i.Ended() {
			fmt.Fprintf(out, "tried again at %s\n", i.Job.RetryAt.Local().Format(time.DateTime))
		}
	}
	if i.Record == nil {
		return
	}
	c := i.Counts()
	n := func(n int) string { return progress.Count(int64(n)) }
	fmt.Fprintf(out, "%s entries = %s imported + %s unchanged + %s failed + %s rejected + %s skipped + %s pending\n",
		n(c.Entries), n(c.Imported), n(c.Unchanged), n(c.Failed), n(c.Rejected), n(c.Skipped), n(c.Pending()))
	now := time.Now()
	if rate := i.Rate(now); rate > 0 {
		fmt.Fprintf(out, "%s devices a second on average", progress.Rate(rate))
		if left := i.Left(now); left > 0 {
			fmt.Fprintf(out, ", %s left at that rate", progress.Duration(left))
		}
		fmt.Fprintln(out)
	}
	for _, r := range reasons {
		fmt.Fprintf(out, "  %s %s, %s: %s\n", n(r.Count), r.Outcome, r.Reason, plain(r.Example))
		if todo := advice.For(r.Reason, advice.Stack).Todo; todo != "" {
			fmt.Fprintf(out, "    %s\n", todo)
		}
	}
}
