package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// CommandLedger has the records of commands.
type CommandLedger interface {
	// Import returns the record of a command. The error wraps [ledger.ErrNotFound] if it keeps no record.
	Import(ctx context.Context, id string) (ledger.Import, error)
	// Resume opens the journal of a command. The error is that of Import.
	Resume(ctx context.Context, id string) (ledger.Journal, error)
}

// A CommandEnder ends the jobs of commands. All fields must be set.
type CommandEnder struct {
	Ledger  CommandLedger
	Jobs    Jobs
	Leases  Leases
	Notices Notices
	// Stack is the name of the stack, Reports that of the bucket of the reports.
	Stack, Reports string
}

// End ends the job of a command under its lease, with a cause if it did not reach its end, and sends a notice. After
// an error it can be called again, and repeats every step.
func (e *CommandEnder) End(ctx context.Context, lease Lease, job Job, cause string) error {
	end := ledger.End{State: ledger.StateFinished, At: time.Now()}
	if cause != "" {
		end.State, end.Cause = ledger.StateStopped, cause
	}
	p, err := ReadCommandProgress(job)
	if err != nil {
		return err
	}
	counts := p.Counts
	journal, err := e.Ledger.Resume(ctx, job.Import)
	if err == nil {
		err = journal.Close(ctx, end)
	}
	var record ledger.Import
	if err == nil {
		record, err = e.Ledger.Import(ctx, job.Import)
		counts = record.Counts
	}
	if err != nil && !errors.Is(err, ledger.ErrNotFound) { // a command that only reads is not in the ledger
		return err
	}
	if err := e.Jobs.SetCause(ctx, job.Import, cause, time.Time{}); err != nil {
		return err
	}
	if err := e.Notices.Notify(ctx, e.notice(job, p, counts, end)); err != nil {
		return fmt.Errorf("command %s: %w", job.Import, err)
	}
	if err := job.Move(PhaseDone); err != nil {
		return err
	}
	return e.Leases.Save(ctx, lease, job)
}

// mostReasons is the maximum number of reasons of a notice.
const mostReasons = 25

// notice returns the notice of a command that has ended.
func (e *CommandEnder) notice(job Job, p CommandProgress, counts ledger.Counts, end ledger.End) Notice {
	c := job.Command
	event := NewEvent(NoticeCommand, job)
	event.Import, event.Imports, event.Command, event.Verb, event.DryRun = c.Of[0], c.Of, job.Import, c.Verb, c.DryRun
	event.State, event.Cause, event.Ended, event.Counts, event.Pending = string(end.State), end.Cause, &end.At, counts, counts.Pending()
	if c.Verb == VerbVerify { // it has an outcome only for what it mends
		event.Pending = 0
	}
	if end.Cause != "" && job.Cancelled() {
		event.State = "cancelled"
	}
	reasons := p.Reasons
	if v := p.Verified; v != nil {
		event.Verified, reasons = &EventVerified{Devices: v.Devices, Drifted: v.Drifted, Unread: v.Unread}, v.Findings
		for _, key := range v.Parts {
			event.Reports = append(event.Reports, "s3://"+e.Reports+"/"+key)
		}
	}
	reasons = reasons[:min(len(reasons), mostReasons)]
	for _, r := range reasons {
		event.Reasons = append(event.Reasons, EventReason{Outcome: r.Outcome, Reason: r.Reason, Count: r.Count})
	}
	return Notice{Kind: NoticeCommand, Subject: commandSubject(event), Text: e.text(event, job, reasons), Event: event}
}

// commandSubject returns the numbers and the name of the manifest. The numbers come first, because mail programs show
// the beginning.
func commandSubject(event Event) string {
	verb, name := event.Verb, plain.Text(path.Base(event.Key))
	if event.DryRun {
		verb = "dry run of " + verb
	}
	switch v := event.Verified; {
	case event.State != string(ledger.StateFinished):
		return strings.ToUpper(event.State) + ": " + verb + " of " + name
	case v != nil:
		verb += ", " + progress.Plural(v.Drifted, "device differs", "devices differ")
	default:
		verb += ", " + cmp.Or(outcomesText(event), "0 entries")
	}
	return verb + ": " + name
}

// outcomesText returns the numbers of entries by outcome.
func outcomesText(event Event) string {
	var parts []string
	for _, o := range ledger.LaterOutcomes() {
		if n := event.Counts.Of(o); n > 0 {
			parts = append(parts, progress.Count(n)+" "+string(o))
		}
	}
	if event.Pending > 0 {
		parts = append(parts, progress.Count(event.Pending)+" pending")
	}
	return strings.Join(parts, ", ")
}

// text returns the notice of a command that has ended, for people.
func (e *CommandEnder) text(event Event, job Job, reasons []ledger.Reason) string {
	var b strings.Builder
	p := func(format string, args ...any) { plain.Fprintf(&b, format+"\n", args...) }
	p("Command %s, %s of import %s (%s), is %s.", event.Command, event.Verb, strings.Join(event.Imports, " and "), job.Upload.Quoted(),
		event.State)
	if event.DryRun {
		p("It was a dry run, and changed nothing.")
	}
	if event.Cause != "" {
		p("\nIt was stopped: %s", event.Cause)
	}
	if v := event.Verified; v != nil {
		p("\n%s verified, %s of them differ, %s could not be read.", progress.Plural(v.Devices, "device", "devices"),
			progress.Count(v.Drifted), progress.Count(v.Unread))
	}
	switch outcomes := outcomesText(event); {
	case outcomes == "":
	case event.Verified != nil:
		p("\nMended: %s.", outcomes)
	default:
		p("\n%s: %s.", progress.Plural(event.Counts.Entries, "entry", "entries"), outcomes)
	}
	if len(reasons) > 0 {
		p("\nWhat was found:")
	}
	of := advice.Import{ID: event.Import, Command: event.Command, Stack: e.Stack}
	for _, r := range reasons {
		p("  %s %s: %s", progress.Count(r.Count), r.Outcome, r.Reason)
		for _, example := range r.Examples[:min(len(r.Examples), 1)] {
			p("    such as %s: %s", example.ThingName, example.Detail)
		}
		if todo := of.For(r.Reason).Todo; todo != "" {
			p("    what to do: %s", todo)
		}
	}
	if len(event.Reports) > 0 {
		p("\nAll of it, one line each:")
	}
	for _, uri := range event.Reports {
		p("  %s", uri)
	}
	b.WriteString("\nWhat to do: " + e.todo(event) + "\n") // of several lines
	return b.String()
}

func (e *CommandEnder) todo(event Event) string {
	naming := event.Command + " --stack " + e.Stack
	switch v := event.Verified; {
	case event.State == "cancelled":
		return "nothing, if this is what you want. To go on: thingpress retry " + naming
	case event.State == string(ledger.StateStopped):
		return "fix the cause, then go on with: thingpress retry " + naming
	case event.Counts.Failed > 0:
		return "see why devices failed with: thingpress show " + naming + "\nthen try them again with: thingpress retry " + naming
	case v != nil && v.Drifted > 0 && event.Counts.Entries == 0:
		return "make what is missing with: thingpress verify " + event.Import + " --fix --stack " + e.Stack +
			"\nThat changes no status and no other value, and removes nothing."
	case event.Counts.Kept > 0:
		return "see what was kept, and why, with: thingpress show " + naming
	case v != nil && v.Unread > 0:
		return "read them again with: thingpress verify " + event.Import + " --stack " + e.Stack
	}
	return "nothing."
}
