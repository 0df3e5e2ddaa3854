package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

type showOptions struct {
	target target.Flags
	live   bool
	ledger string
	output terminal.Output
}

// NewShow returns `thingpress show`.
func NewShow(streams terminal.Streams) *cobra.Command {
	var o showOptions
	c := &cobra.Command{
		Use:   "show IMPORT|DEVICE",
		Short: "Show an import, or what imports did to a device",
		Long: `Show an import of this machine: what it was asked to do, when, where and by which
version, its numbers, what limited it, and why entries were not imported. IMPORT is
an ID from 'thingpress imports', that of a replacement, which 'thingpress replace'
prints, or a unique prefix of one.

Or show a device: every import of this machine that had it, with the outcome and what
was created. DEVICE is the thing's name, the vendor's ID such as the MAC, or the
certificate ID or its ARN.

--live also reads from the registry what it holds of the device now: the certificate and
its status, the thing with type, attributes and groups, the policies, and what else is
attached. It names what differs from what the latest import wanted. The exit code does
not depend on what it finds.

With --stack, IMPORT and DEVICE are those of a stack. Its ledger has no index of
devices. To find one, all its entries are looked through.

` + exit.Help,
		Example: `  thingpress show 0199f1c2

  # which imports had this device, and what they did
  thingpress show sensor-4ba2bb8764bd
  thingpress show 4B:A2:BB:87:64:BD

  # and what the registry holds of it now
  thingpress show sensor-4ba2bb8764bd --live`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runShow(c.Context(), &o, c.Flags(), args[0], streams)
		},
		ValidArgsFunction: CompleteIDs(1, cobra.ShellCompDirectiveNoFileComp),
	}
	addLive(c, &o)
	c.Flags().StringVar(&o.ledger, "ledger", "", "look only into the ledger in this `file` (default: all ledgers of this machine)")
	o.output.AddFlag(c)
	return c
}

func runShow(ctx context.Context, o *showOptions, flags *pflag.FlagSet, name string, streams terminal.Streams) error {
	if err := o.checkLive(flags); err != nil {
		return err
	}
	all, unread, err := readLedgers(ctx, o.ledger, func(format string, err error) { plain.Fprintf(streams.Err, format, err) })
	if err != nil {
		return err
	}
	replacements, err := replacementsNamed(ctx, name, o.ledger)
	if err != nil {
		return err
	}
	if len(named(name, all))+len(replacements) > 0 {
		if o.live {
			return exit.UsageError(fmt.Errorf("--live is only for a device, and %s is an import", name),
				"compare all its devices with thingpress verify "+name)
		}
		chosen, err := chooseAmongBoth(ctx, name, o.ledger, all, unread, replacements)
		if err != nil {
			return err
		}
		return showImport(ctx, o, chosen, streams)
	}
	histories, err := historyOf(ctx, all, name)
	switch {
	case err != nil:
		return err
	case len(histories) == 0 && len(unread) > 0:
		return errors.Join(unread...)
	case len(histories) == 0 && len(all) == 0:
		return noImports(name, o.ledger)
	case len(histories) == 0:
		return exit.UsageError(fmt.Errorf("%s is neither an import nor a device of an import; the latest imports are%s",
			name, candidates(all)), "list the imports with thingpress imports; name a device by thing name, vendor ID or certificate ID")
	}
	if err := PrintHistory(histories, o.ledger, o.output, streams); err != nil || !o.live {
		return err
	}
	return showLive(ctx, o, histories, streams)
}

// typeReplacement is the type of a replacement as JSON, and its name for people.
const typeReplacement = "replacement"

// A shownLine is an import or a replacement in full as JSON.
type shownLine struct {
	importLine
	report.About
	Flags    map[string][]string `json:"flags,omitempty"`
	Settings json.RawMessage     `json:"settings,omitempty"`
	// Distribution is how many devices got what their entries asked for.
	Distribution []Share `json:"distribution,omitempty"`

	Rejections []report.Rejection `json:"rejections,omitempty"`
	Failures   []report.Failure   `json:"failures,omitempty"`
	// Kept are the reasons why a replacement left devices as they are.
	Kept []report.Failure `json:"kept,omitempty"`
	// Later are the later commands over its devices, oldest first.
	Later []laterLine `json:"later,omitempty"`
}

// A laterLine is a later command as JSON.
type laterLine struct {
	Command string        `json:"command"` // its verb
	ID      string        `json:"id"`
	State   ledger.State  `json:"state"`
	Begun   time.Time     `json:"begun"`
	Counts  ledger.Counts `json:"counts"`
}

func showImport(ctx context.Context, o *showOptions, chosen Chosen, streams terminal.Streams) error {
	chosen.Target.Endpoint = target.WithoutUser(chosen.Target.Endpoint)
	open, err := sqlite.IsOpen(chosen.Path)
	if err != nil {
		return fmt.Errorf("ledger %s: %w", chosen.Path, err)
	}
	reader, err := sqlite.OpenReadOnly(ctx, chosen.Path)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // it was only read
	of := advice.Import{ID: chosen.ID, Ledger: o.ledger}
	story, err := report.StoryOf(chosen.Import, aboutIn(chosen.Import), reader.Records(ctx, chosen.ID), of)
	if err != nil {
		return err
	}
	var later []laterLine
	for l, err := range reader.LaterCommands(ctx, chosen.ID) {
		if err != nil {
			return err
		}
		if l.State == ledger.StateRunning && !open {
			l.State = ledger.StateInterrupted // it was killed
		}
		later = append(later, laterLine{l.Verb, l.ID, l.State, l.Begun, l.Counts})
	}
	slices.Reverse(later)
	failures, rejections, kept := whyNot(story)
	settings := settingsIn(chosen.Import)
	if o.output == terminal.JSON {
		line := shownLine{
			importLine: lineOf(chosen.Import, chosen.Path), About: story.About, Flags: settings.Flags, Settings: settings.Settings,
			Distribution: settings.Distribution,
			Failures:     failures, Rejections: rejections, Kept: kept, Later: later,
		}
		if chosen.Verb != "" {
			line.Type = typeReplacement
		}
		return streams.PrintJSON(line)
	}
	what, balance := "import ", report.Balance(chosen.Counts, chosen.Counts.Pending())
	if chosen.Verb != "" {
		what, balance = typeReplacement+" ", report.LaterBalance(chosen.Counts, chosen.Counts.Pending())
	}
	text := streams.Ink(stateInk(chosen.Import), string(chosen.State)) + ": " + what + chosen.ID + "\n" + balance + "\n"
	for name, value := range describe(chosen, story, settings) {
		if value != "" {
			text += fmt.Sprintf("%-11s %s\n", name, plain.Text(value))
		}
	}
	for _, l := range later {
		line := plain.Sprintf("%s, begun %s: %s", l.Command, l.Begun.Local().Format(time.DateTime), string(l.State))
		for _, o := range ledger.LaterOutcomes() {
			if n := l.Counts.Of(o); n > 0 {
				line += fmt.Sprintf(", %s %s", count(n), o)
			}
		}
		text += fmt.Sprintf("%-11s %s\n", "later", line)
	}
	problems := problemsOf(failures, rejections)
	for i := range problems {
		problems[i].AllWith = "thingpress report --" + problems[i].Outcome + " " + chosen.ID
	}
	for _, k := range kept {
		problems = append(problems, manifests.Problem{
			Outcome: string(ledger.Kept), Reason: k.Reason, Count: k.Count, Examples: k.Examples, Todo: k.Todo,
			AllWith: "thingpress report " + chosen.ID,
		})
	}
	_, err = fmt.Fprint(terminal.Raw(streams.Out), streams.WrapOut(text+manifests.ProblemsText(problems, streams)))
	resume := story.About.Command
	if chosen.Verb == "" {
		resume = ResumeLine(chosen.Import, o.ledger)
	}
	if err == nil && chosen.Resumable() && resume != "" {
		plain.Fprintf(streams.Err, "to resume: %s\n", resume)
	}
	return err
}

// ResumeLine returns the command line that resumes an import in the ledger at path, or in that of its
// target if path is empty.
func ResumeLine(i ledger.Import, path string) string {
	text := "thingpress import --resume " + i.ID
	if path != "" {
		text += " --ledger " + terminal.ShellQuote(path)
	}
	return text + targetText(i.Target)
}

// FixLine returns the command line that mends the devices of an import with its manifests.
func FixLine(i ledger.Import) string {
	paths, flags := Reading(i)
	for _, name := range []string{"partial", "no-baseline", "ignore-policy"} {
		delete(flags, name) // verify does not have them
	}
	text := "thingpress verify --fix" + targetText(i.Target)
	if words := flagsText(flags); words != "" {
		text += " " + words
	}
	for _, path := range paths {
		text += " " + terminal.ShellQuote(path)
	}
	return text
}

// targetText returns the flags that select a target, each after a space.
func targetText(t ledger.Target) (text string) {
	switch {
	case t.Sandbox != "":
		return " --sandbox"
	case t.Endpoint != "":
		text = " --endpoint-url " + terminal.ShellQuote(target.WithoutUser(t.Endpoint))
	}
	return text + " --region " + terminal.ShellQuote(t.Region)
}

// whyNot returns why entries were not imported, or not changed by a replacement.
func whyNot(s report.Story) (failures []report.Failure, rejections []report.Rejection, kept []report.Failure) {
	for _, r := range s.Reasons {
		examples := report.ExamplesOf(r.Reason, s.Import.Manifests)
		failure := report.Failure{
			Reason: r.Reason.Reason, Count: r.Count, Example: examples[0].Detail, Thing: examples[0].Thing, Todo: r.Todo,
			Examples: examples,
		}
		switch r.Outcome {
		case ledger.Failed:
			failures = append(failures, failure)
		case ledger.Kept:
			kept = append(kept, failure)
		case ledger.Rejected:
			rejections = append(rejections, report.Rejection{
				Reason: manifest.Reason(r.Reason.Reason), Count: r.Count,
				Todo: r.Todo, Examples: examples,
			})
		}
	}
	return failures, rejections, kept
}

// shownSettings are the settings in a ledger, as far as they are shown.
type shownSettings struct {
	Flags    map[string][]string `json:"flags"`
	Settings json.RawMessage     `json:"settings"`

	Distribution []Share `json:"distribution"`
}

func settingsIn(i ledger.Import) (s shownSettings) {
	_ = json.Unmarshal([]byte(i.Settings), &s) // other versions may have recorded something else
	return s
}

// describe yields what there is to know about an import, a line each.
func describe(c Chosen, s report.Story, settings shownSettings) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		lines := [][2]string{
			{"command", s.About.Command},
			{"version", s.About.Version},
			{"target", s.Target()},
			{"begun", c.Begun.Local().Format(time.DateTime)},
		}
		if s.About.Command == "" {
			lines[0][1] = flagsText(settings.Flags)
		}
		if !c.Ended.IsZero() {
			lines = append(lines, [2]string{
				"ended",
				c.Ended.Local().Format(time.DateTime) + ", after " + progress.Duration(c.Ended.Sub(c.Begun)),
			})
		}
		lines = append(lines, [2]string{"cause", c.Cause})
		for _, m := range c.Manifests {
			lines = append(lines, [2]string{"manifest", fmt.Sprintf("%s: %s, %s, SHA-256 %s", m.Name, m.Vendor,
				progress.Plural(m.Entries, "entry", "entries"), m.SHA256)})
		}
		for _, line := range DistributionText(settings.Distribution) {
			lines = append(lines, [2]string{"devices", line})
		}
		rate := ""
		if highest := s.Timeline.Highest(); highest > 0 {
			rate = fmt.Sprintf("at most %s devices/s, over %s", progress.Rate(highest), progress.Duration(s.Timeline.Width))
		}
		if s.About.Ceiling > 0 {
			rate = strings.TrimPrefix(rate+fmt.Sprintf("; ceiling %s, by the quota of %s", progress.Rate(s.About.Ceiling),
				s.About.Binding), "; ")
		}
		for _, line := range append(lines, [2]string{"rate", rate}, [2]string{"ledger", c.Path}) {
			if !yield(line[0], line[1]) {
				return
			}
		}
	}
}

func flagsText(flags map[string][]string) string {
	var words []string
	for _, name := range resumedFlags {
		if values := flags[name]; len(values) > 0 {
			words = append(words, flagText(name, values))
		}
	}
	return strings.Join(words, " ")
}

func stateInk(i ledger.Import) terminal.Ink {
	switch {
	case i.State != ledger.StateFinished:
		return terminal.Red
	case i.Counts.Failed > 0 || i.Counts.Rejected > 0:
		return terminal.Yellow
	}
	return terminal.Green
}
