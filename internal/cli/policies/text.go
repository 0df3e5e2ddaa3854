package policies

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/policy"
)

// printCheck prints the result of a check for people: the decisions as a table, and on stderr what
// they are about and why devices are refused, so that the table can be piped.
func printCheck(l *checkLine, streams terminal.Streams) error {
	say := func(format string, args ...any) { plain.Fprintf(streams.Err, format+"\n", args...) }
	for _, p := range l.Policies {
		version, of := "", ""
		if p.Version != "" {
			version = ", version " + p.Version
		}
		if p.OfGroup {
			of = " of a thing group"
		}
		say("policy %s%s%s: %s of %s characters", p.Name, of, version, progress.Count(int64(p.Size)), progress.Count(int64(policy.MaxSize)))
	}
	say("client ID of the firmware: %s", clientIDText(l.ClientID))
	if l.Example {
		say("an example device in %s, account %s", l.Region, l.Account)
	} else {
		say("%s in %s, account %s; %s rejected", progress.Plural(l.Devices, "device", "devices"), l.Region, l.Account,
			progress.Plural(l.Rejected, "entry", "entries"))
	}
	say("")
	t := streams.Table([]terminal.Column{
		{Name: "REQUEST"}, {Name: "ALLOWED", Number: true}, {Name: "REFUSED", Number: true}, {Name: "REMARK"},
	})
	for _, r := range l.Requests {
		t.Row(r.Request, progress.Count(int64(r.Allowed)), progress.Count(int64(r.Refused)), remark(r))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	writeRefusals(&b, l.Requests, streams)
	for _, f := range l.Findings {
		writeFinding(&b, f, streams)
	}
	for i, q := range l.Open {
		if i == 0 {
			b.WriteString("AWS does not document, and only a device can show:\n")
		}
		plain.Fprintf(&b, "  %s\n", q.Meaning)
	}
	writeWitness(&b, l.Witness)
	if b.Len() > 0 {
		say("")
	}
	// All text of others is cleaned above, and the stream would clean colours as well.
	_, err := fmt.Fprint(terminal.Raw(streams.Err), streams.WrapErr(b.String()))
	return err
}

func clientIDText(template string) string {
	if template == "{thing}" {
		return "the name of the thing"
	}
	return template
}

// remark says what is not as it should be.
func remark(r requestLine) string {
	switch {
	case r.Other && r.Allowed > 0:
		return "should be refused"
	case r.Wanted && r.Refused > 0:
		return "see below"
	}
	return ""
}

func writeWitness(b *strings.Builder, w *witnessLine) {
	if w == nil {
		return
	}
	plain.Fprintf(b, "AWS decides %s of %s for the thing %s the same\n", progress.Count(int64(w.Requests-len(w.Differ))),
		progress.Plural(w.Requests, "request", "requests"), w.Thing)
	for _, l := range w.Differ {
		plain.Fprintf(b, "  %s: %s; AWS: %s\n", l.Request, decisionText(l.Decision), decisionText(policy.Outcome(l.Witness)))
	}
}

// writeRefusals writes why devices are refused what they need. Requests that are refused for the same
// devices and cause are written together.
func writeRefusals(b *strings.Builder, requests []requestLine, streams terminal.Streams) {
	type group struct {
		refusal  refusalLine
		requests []string
	}
	var groups []*group
	for _, r := range requests {
		if !r.Wanted {
			continue
		}
		for _, refusal := range r.Refusals {
			i := slices.IndexFunc(groups, func(g *group) bool { return reflect.DeepEqual(g.refusal, refusal) })
			if i < 0 {
				i = len(groups)
				groups = append(groups, &group{refusal: refusal})
			}
			groups[i].requests = append(groups[i].requests, r.Request)
		}
	}
	for _, g := range groups {
		b.WriteString(streams.Ink(terminal.Red, "refused"))
		plain.Fprintf(b, ": %s, %s: %s%s\n", strings.Join(g.requests, ", "), progress.Plural(g.refusal.Devices, "device", "devices"),
			g.refusal.Cause, at(g.refusal.placeLine))
		for _, e := range g.refusal.Examples {
			plain.Fprintf(b, "  %s, entry %d of %s\n", e.Thing, e.Entry, e.Manifest)
		}
		if more := g.refusal.Devices - len(g.refusal.Examples); more > 0 {
			fmt.Fprintf(b, "  and %s more; --limit 0 lists all\n", progress.Count(int64(more)))
		}
	}
}

func at(p placeLine) string {
	if p.Policy == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d:%d)", p.Policy, p.Line, p.Column)
}

func writeFinding(b *strings.Builder, f findingLine, streams terminal.Streams) {
	ink := terminal.Yellow
	if slices.Index(severities, f.Severity) <= slices.Index(severities, policy.Error) {
		ink = terminal.Red
	}
	b.WriteString(streams.Ink(ink, string(f.Severity)))
	place, devices := "", ""
	if f.Policy != "" {
		place = fmt.Sprintf(" %s:%d:%d", f.Policy, f.Line, f.Column)
	}
	if f.Devices > 0 {
		devices = ", " + progress.Plural(f.Devices, "device", "devices")
		if len(f.ClientIDs) > 0 {
			devices += " such as " + f.ClientIDs[0]
		}
	}
	plain.Fprintf(b, " %s%s%s: %s\n", f.Rule, place, devices, f.Meaning)
	if f.Text != "" && f.Policy != "" {
		plain.Fprintf(b, "  %s\n", f.Text)
	}
	if f.Todo != "" {
		plain.Fprintf(b, "  to do: %s\n", f.Todo)
	}
}
