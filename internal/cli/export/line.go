package export

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

func statusOf(x engine.Exports) progress.Status {
	return progress.Status{
		Phase: "exporting", Reads: true, Done: int64(x.Done), Total: int64(x.Total), Rate: x.Rate, Ceiling: x.Ceiling, Binding: x.Binding,
	}
}

// A leftLine is something that is not exported, as JSON.
type leftLine struct {
	Type          string          `json:"type"` // "left"
	Thing         string          `json:"thing_name,omitempty"`
	CertificateID string          `json:"certificate_id,omitempty"`
	Reason        manifest.Reason `json:"reason"`
	Detail        string          `json:"detail"`
	Todo          string          `json:"todo,omitempty"`
}

// A reasonLine is a reason for which things and certificates are not exported.
type reasonLine struct {
	Reason   manifest.Reason `json:"reason"`
	Count    int             `json:"count"`
	Todo     string          `json:"todo,omitempty"`
	Examples []leftLine      `json:"examples"`
}

// A leftOut counts what is not exported, and passes it on. It is not safe for concurrent use.
type leftOut struct {
	streams  terminal.Streams
	json     bool
	report   *report.Writer // nil without a report
	byReason map[manifest.Reason]*reasonLine
	failed   error // the first of writing
}

const maxExamples = 3

func (l *leftOut) add(x engine.LeftOut) {
	line := leftLine{"left", x.Thing, x.CertificateID, x.Reason, x.Detail, advice.For(x.Reason, advice.CLI).Todo}
	known := l.byReason[x.Reason]
	if known == nil {
		known = &reasonLine{Reason: x.Reason, Todo: line.Todo}
		l.byReason[x.Reason] = known
	}
	known.Count++
	if len(known.Examples) < maxExamples {
		known.Examples = append(known.Examples, line)
	}
	if l.json {
		l.failed = cmp.Or(l.failed, l.streams.PrintJSON(line))
	}
	if l.report == nil {
		return
	}
	row := report.Row{
		Type: "outcome", ThingName: x.Thing, ID: x.CertificateID, Outcome: "left", Reason: string(x.Reason), Detail: x.Detail,
		At: time.Now().UTC(),
	}
	row.CertificateID, _ = manifest.ParseCertificateID(x.CertificateID) // other endpoints have other IDs
	l.failed = cmp.Or(l.failed, l.report.Write(row))
}

// reasons returns the reasons, most frequent first.
func (l *leftOut) reasons() (list []*reasonLine) {
	return slices.SortedFunc(maps.Values(l.byReason), func(a, b *reasonLine) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
}

// intoReport calls do, and writes what it leaves out into the file at path, if there is one.
func (l *leftOut) intoReport(path string, do func() error) error {
	if path == "" {
		return do()
	}
	var ended error
	err := newfile.Write(path, func(to io.Writer) (err error) {
		if l.report, err = report.New(to, filepath.Ext(path)); err != nil {
			return err
		}
		ended = do()
		return cmp.Or(ended, l.report.Flush())
	})
	if err != nil && ended == nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return ended
}

// An exportLine is the result as JSON.
type exportLine struct {
	Type   string        `json:"type"` // "export"
	Target ledger.Target `json:"target"`
	Alias  string        `json:"alias,omitempty"`
	Group  string        `json:"group,omitempty"`
	Query  string        `json:"query,omitempty"`
	Files  []fileLine    `json:"files"`

	Things    int `json:"things"`
	Devices   int `json:"devices"`
	Further   int `json:"further_certificates"`
	Inactive  int `json:"inactive"`
	Renamed   int `json:"named_otherwise"`
	Exclusive int `json:"exclusive"`
	Dynamic   int `json:"in_dynamic_groups"`

	Left    []*reasonLine  `json:"left,omitempty"`
	Calls   map[string]int `json:"calls"`
	Seconds float64        `json:"seconds"`

	State   ledger.State `json:"state"`
	Partial string       `json:"partial,omitempty"`
	Error   string       `json:"error,omitempty"`
	Hint    string       `json:"hint,omitempty"`

	where, awsFlags string
}

func lineOf(o *options, c *target.Connection, x engine.Exported, left *leftOut) *exportLine {
	return &exportLine{
		Type: "export", Target: c.Target, Alias: c.Alias, Group: o.group, Query: o.query, Files: []fileLine{},
		Things: x.Things, Devices: x.Devices, Further: x.Further, Inactive: x.Inactive, Renamed: x.Renamed, Exclusive: x.Exclusive,
		Dynamic: x.Dynamic, Left: left.reasons(), Calls: x.Made, Seconds: x.Took.Seconds(), where: c.String(), awsFlags: c.AWSFlags,
	}
}

// end records how the export ended.
func (l *exportLine) end(ended error) {
	l.State = ledger.StateFinished
	if ended == nil {
		return
	}
	l.State, l.Error, l.Hint = ledger.StateStopped, ended.Error(), exit.Hint(ended)
	switch {
	case errors.Is(ended, engine.ErrInterrupted):
		l.State = ledger.StateInterrupted
	case iot.ClassOf(ended) == iot.ClassNotFound && l.Group != "":
		l.Hint = strings.TrimSpace("list the thing groups with: aws iot list-thing-groups " + l.awsFlags)
	}
}

// print prints the result.
func (l *exportLine) print(o *options, streams terminal.Streams) error {
	if o.output == terminal.JSON {
		return streams.PrintJSON(l)
	}
	to, wrap := streams.Out, streams.WrapOut
	if o.out == "" {
		to, wrap = streams.Err, streams.WrapErr
	}
	// All text of others is cleaned, and the stream would clean colours as well.
	if _, err := fmt.Fprint(terminal.Raw(to), wrap(l.text(o, streams))); err != nil {
		return err
	}
	if l.State == ledger.StateStopped {
		streams.PrintError(l.Error, l.Hint)
	}
	return nil
}

// exit returns the error that the command ends with.
func (l *exportLine) exit() error {
	switch {
	case l.State == ledger.StateInterrupted:
		return exit.Silently(exit.Interrupted)
	case l.State == ledger.StateStopped:
		return exit.Silently(exit.Failure)
	case len(l.Left) > 0, l.Devices == 0:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// text returns the result for people. It is clean and may have colours.
func (l *exportLine) text(o *options, streams terminal.Streams) string {
	var b strings.Builder
	ink, state := terminal.Green, "exported"
	switch {
	case l.State != ledger.StateFinished:
		ink, state = terminal.Red, string(l.State)
	case len(l.Left) > 0, l.Devices == 0:
		ink = terminal.Yellow
	}
	fmt.Fprintf(&b, "%s: %s of %s in %s, %s\n", streams.Ink(ink, state), progress.Plural(l.Devices, "certificate", "certificates"),
		progress.Plural(l.Things, "thing", "things"), progress.Duration(time.Duration(l.Seconds*float64(time.Second))), plain.Text(l.where))
	if l.Partial != "" {
		plain.Fprintf(&b, "to go on, repeat the command; what was read is in %s\n", l.Partial)
		return b.String()
	}
	if l.State != ledger.StateFinished || len(l.Files) == 0 && (l.Devices == 0 || o.out != "") {
		b.WriteString("nothing was written\n")
		return b.String()
	}
	for i, f := range l.Files {
		plain.Fprintf(&b, "%s: %s\n", f.Path, progress.Plural(f.Devices, "entry", "entries"))
		if i == 1 {
			b.WriteString("  further certificates of things: after the first file, import each of the others with --adopt\n")
		}
	}
	for _, n := range []struct {
		count          int
		one, many, say string
	}{
		{l.Inactive, "certificate is", "certificates are", "INACTIVE"},
		{l.Renamed, "thing is", "things are", "not named by the CN of the certificate; the manifest has the names"},
		{l.Exclusive, "certificate is", "certificates are", "attached exclusively (thingPrincipalType); import them with --exclusive"},
		{l.Dynamic, "thing is", "things are", "in dynamic thing groups, whose queries choose things; create these groups there"},
	} {
		if n.count > 0 {
			fmt.Fprintf(&b, "%s %s\n", progress.Plural(n.count, n.one, n.many), n.say)
		}
	}
	for _, reason := range l.Left {
		b.WriteString(reason.text(streams))
	}
	return b.String()
}

// text returns a reason for people.
func (r *reasonLine) text(streams terminal.Streams) string {
	var b strings.Builder
	b.WriteString("\n" + streams.Ink(terminal.Yellow, progress.Count(int64(r.Count))+" left out") + ": " + plain.Text(string(r.Reason)) + "\n")
	for _, e := range r.Examples {
		var parts []string
		if e.Thing != "" {
			parts = append(parts, "thing "+e.Thing)
		}
		if e.CertificateID != "" {
			parts = append(parts, "certificate "+e.CertificateID)
		}
		plain.Fprintf(&b, "  %s\n    %s\n", strings.Join(parts, ", "), e.Detail)
	}
	if more := r.Count - len(r.Examples); more > 0 {
		fmt.Fprintf(&b, "  and %s more; --report FILE.csv lists all\n", progress.Count(int64(more)))
	}
	if r.Todo != "" {
		plain.Fprintf(&b, "  what to do: %s\n", r.Todo)
	}
	return b.String()
}
