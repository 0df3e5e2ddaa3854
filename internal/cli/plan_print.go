package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

func (run *planRun) print(line planLine) error {
	if run.flags.output == outputJSON {
		return json.NewEncoder(run.streams.Out).Encode(line)
	}
	_, err := fmt.Fprint(run.streams.Out, run.text(line))
	return err
}

func (run *planRun) text(p planLine) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	n := func(n int) string { return progress.Count(int64(n)) }
	say("plan: nothing was changed in %s", run.connection)
	for _, m := range p.Manifests {
		say("%s: %s, %s entries", plain(m.Name), m.Vendor, n(m.Entries))
	}
	say("%s entries = %s devices + %s rejected + %s skipped", n(p.Entries), n(p.Devices), n(p.Rejected), n(p.Skipped))
	for _, r := range p.Rejections {
		say("  %s rejected, %s: %s", n(r.Count), r.Reason, r.Todo)
	}
	if p.Repeated+p.Contradictory > 0 {
		say("  duplicates: %s identical repetitions, skipped; %s contradictory, rejected", n(p.Repeated), n(p.Contradictory))
	}
	if p.Filtered > 0 {
		say("  %s left out by --only and --skip", n(p.Filtered))
	}
	for _, reason := range byCount(p.Warnings) {
		say("  %s taken with a warning, %s", n(p.Warnings[reason]), reason)
	}
	if unmatched := len(p.UnmatchedOnly) + len(p.UnmatchedSkip); unmatched > 0 {
		say("  %s lines of --only and --skip name no entry", n(unmatched))
	}
	run.sayAttachments(say, p.Attachments)
	if c := p.Compared; c != nil {
		say("in AWS: %s new, %s unchanged, %s to be completed, %s in conflict", n(c.New), n(c.Unchanged), n(c.Completed), n(c.Conflicts))
		for _, f := range c.Failures {
			say("  %s in conflict, %s: %s", n(f.Count), f.Reason, f.Todo)
			say("    such as thing %s: %s", f.Thing, plain(f.Example))
		}
	}
	sayCalls(say, p)
	for i, e := range p.Examples {
		if i == 0 {
			say("examples:")
		}
		say("  %s, entry %d of %s, certificate %s", e.State, e.Entry, plain(e.Manifest), e.CertificateID)
		if e.Detail != "" {
			say("    %s: %s", e.Reason, plain(e.Detail))
		}
		for _, call := range e.Calls {
			say("    %s %s", call.Operation, plain(parameters(call.Parameters)))
		}
	}
	return b.String()
}

func (run *planRun) sayAttachments(say func(string, ...any), a planAttachments) {
	for _, name := range run.created {
		say("attachments: the import would create in the sandbox: %s", name)
	}
	for _, f := range run.wrongFindings() {
		say("attachments: %s", plain(f))
	}
	switch {
	case a.OK && !a.Connectable:
		say("attachments: warning: %s", notConnectable)
	case a.OK:
		say("attachments: all there")
	}
}

// wrongFindings are the findings, each with what to do.
func (run *planRun) wrongFindings() (lines []string) {
	if run.wrong == nil {
		return nil
	}
	for _, f := range run.wrong.Findings {
		line := f.String()
		if todo := advice.Attachment(f, advice.CLI).Todo; todo != "" {
			line += ": " + todo
		}
		lines = append(lines, line)
	}
	return lines
}

func sayCalls(say func(string, ...any), p planLine) {
	var calls []string
	for _, op := range quota.Calls(p.Calls).Ops() {
		calls = append(calls, progress.Count(int64(p.Calls[op]))+" "+string(op))
	}
	if p.CallsTotal > 0 {
		about := ""
		if p.Compared != nil && p.Compared.Paged {
			about = "about "
		}
		say("%s%s calls: %s", about, progress.Count(int64(p.CallsTotal)), strings.Join(calls, ", "))
	}
	if p.Seconds == nil {
		say("no quota limits them")
	} else {
		say("%s at %s devices/s, bound by %s", span(*p.Seconds), progress.Rate(*p.Ceiling), p.Binding)
		if d := p.Doubled; d != nil && d.Seconds != nil {
			say("  with that quota doubled: %s at %s devices/s, bound by %s", span(*d.Seconds), progress.Rate(*d.Ceiling), d.Binding)
		}
	}
	say("quotas: %s", p.QuotasFrom)
}

func span(seconds float64) string {
	return progress.Duration(time.Duration(seconds * float64(time.Second)))
}

// parameters are name=value, sorted; values that are no text are JSON.
func parameters(of map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		value, isText := of[name].(string)
		if !isText {
			encoded, err := json.Marshal(of[name])
			if err != nil {
				continue // names and values are strings, which JSON has
			}
			value = string(encoded)
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, " ")
}
