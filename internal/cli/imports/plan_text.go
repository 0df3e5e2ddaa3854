package imports

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// printPlan prints a plan for people. Created names the attachments that were created in
// the copy of the sandbox.
func printPlan(streams terminal.Streams, p planLine, c *target.Connection, created []target.Created) error {
	_, err := io.WriteString(streams.Out, streams.WrapOut(planText(p, c, created)))
	return err
}

func planText(p planLine, connection *target.Connection, created []target.Created) string {
	var b strings.Builder
	say := func(format string, args ...any) { plain.Fprintf(&b, format+"\n", args...) }
	if p.Offline {
		say("plan without an account: nothing was called")
	} else {
		say("plan: nothing was changed in %s", connection)
	}
	for _, m := range p.Manifests {
		say("%s: %s, %s", m.Name, m.Vendor, progress.Plural(m.Entries, "entry", "entries"))
	}
	say("%s entries = %s devices + %s rejected + %s skipped", count(p.Entries), count(p.Devices), count(p.Rejected), count(p.Skipped))
	for _, r := range p.Rejections {
		say("  %s", manifests.RejectionText(r))
	}
	if p.Repeated+p.Contradictory > 0 {
		say("  duplicates: %s identical repetitions, skipped; %s contradictory, rejected", count(p.Repeated), count(p.Contradictory))
	}
	if p.Filtered > 0 {
		say("  %s skipped by --only and --skip", count(p.Filtered))
	}
	for _, reason := range ledger.ByCount(p.Warnings) {
		say("  %s accepted with a warning, %s", count(p.Warnings[reason]), reason)
	}
	for _, line := range unmatchedText(p.UnmatchedOnly, p.UnmatchedSkip) {
		say("  %s", line)
	}
	for _, line := range DistributionText(p.Distribution) {
		say("%s", line)
	}
	sayDuration(say, p, time.Now())
	sayCalls(say, p)
	if p.Offline {
		say("attachments: not looked up, because of --offline")
	} else {
		sayAttachments(say, p.Attachments, created, p.Devices)
	}
	for _, line := range p.Policies.text() {
		say("%s", line)
	}
	if err := p.Policies.stop(false); err != nil {
		say("  an import would stop: %v", err)
	}
	if c := p.Compared; c != nil {
		say("in AWS: %s new, %s unchanged, %s to be completed, %s in conflict", count(c.New), count(c.Unchanged), count(c.Completed),
			count(c.Conflicts))
		for _, f := range c.Failures {
			say("  %s in conflict, %s: %s", count(f.Count), f.Reason, f.Todo)
			say("    such as thing %s: %s", f.Thing, f.Example)
		}
	}
	for i, e := range p.Examples {
		if i == 0 {
			say("\n%s:", progress.Plural(len(p.Examples), "example", "examples"))
		}
		say("  %s, entry %d of %s, certificate %s", e.State, e.Entry, e.Manifest, e.CertificateID)
		if e.Detail != "" {
			say("    %s: %s", e.Reason, e.Detail)
		}
		for _, call := range e.Calls {
			say("    %s %s", call.Operation, parameters(call.Parameters))
		}
	}
	return b.String()
}

func sayAttachments(say func(string, ...any), a planAttachments, created []target.Created, devices int) {
	for _, c := range created {
		say("attachments: the import would create in the sandbox: %s", c)
	}
	for _, f := range a.Findings {
		line := device.Finding{Kind: f.Kind, Name: f.Name, Problem: f.Problem}.String()
		if f.Hint != "" {
			line += ": " + f.Hint
		}
		say("attachments: %s", line)
	}
	switch {
	case a.OK && !a.Connectable:
		say("attachments: warning: %s", connectableText(a.unconnectable, devices))
	case a.OK && len(created) == 0:
		say("attachments: all of them exist")
	}
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
}

// sayDuration says how long an import that starts now takes, and what limits it.
func sayDuration(say func(string, ...any), p planLine, now time.Time) {
	if p.Seconds == nil {
		say("duration: no quota limits the calls")
	} else {
		took := seconds(*p.Seconds)
		say("duration: %s, until %s if it starts now", progress.Duration(took), progress.Clock(now.Add(took), now))
		say("limit: %s devices/s, bound by %s", progress.Rate(*p.Ceiling), p.Binding)
		if d := p.Doubled; d != nil && d.Seconds != nil {
			say("  with that quota doubled: %s at %s devices/s, bound by %s", progress.Duration(seconds(*d.Seconds)), progress.Rate(*d.Ceiling),
				d.Binding)
		}
	}
	say("quotas: %s", p.QuotasFrom)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// parameters returns name=value, sorted by name. Values other than strings are JSON.
func parameters(of map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		value, isText := of[name].(string)
		if !isText {
			encoded, err := json.Marshal(of[name])
			if err != nil {
				continue // values consist of strings, which can always be encoded
			}
			value = string(encoded)
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, " ")
}
