package imports

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

// A HistoryLine is what one import or later command did to a device, as JSON.
type HistoryLine struct {
	report.Row
	// Verb is that of a later command, such as "undo", and Of the imports that it was about; empty for
	// an import.
	Verb   string        `json:"verb,omitempty"`
	Of     []string      `json:"of,omitempty"`
	State  ledger.State  `json:"state"`
	Begun  time.Time     `json:"begun"`
	Target ledger.Target `json:"target"`
	// Ledger is the file of the ledger, Stack the name of the stack that has it.
	Ledger string `json:"ledger,omitempty"`
	Stack  string `json:"stack,omitempty"`
	// Marked is the time at which calls for the device began, if its outcome is not recorded.
	Marked *time.Time `json:"marked,omitempty"`
	// Asked is what the entry asked for its own device, with the names of attributes.
	Asked json.RawMessage `json:"asked,omitempty"`

	record    ledger.Record
	manifests []ledger.Manifest
}

// NewHistory returns what an import or a later command did to a device.
func NewHistory(i ledger.Import, found ledger.Found) HistoryLine {
	h := HistoryLine{
		Row: report.RowOf(i, found.Record), Verb: i.Verb, Of: i.Of, State: i.State, Begun: i.Begun, Target: i.Target,
		record: found.Record, manifests: i.Manifests,
	}
	if h.Type = "history"; found.Outcome == "" {
		h.Outcome, h.Marked = "pending", &found.At
	}
	return h
}

// historyOf returns what imports did to a device, oldest first.
func historyOf(ctx context.Context, imports []importLine, name string) (list []HistoryLine, err error) {
	var paths []string
	lines := map[string]importLine{}
	for _, line := range imports {
		if lines[line.Import] = line; !slices.Contains(paths, line.Ledger) {
			paths = append(paths, line.Ledger)
		}
	}
	for _, path := range paths {
		open, err := sqlite.IsOpen(path)
		if err != nil {
			return nil, fmt.Errorf("ledger %s: %w", path, err)
		}
		reader, err := sqlite.OpenReadOnly(ctx, path)
		if err != nil {
			return nil, err
		}
		for found, err := range reader.Devices(ctx, NamesOf(name)) {
			if err != nil {
				return nil, errors.Join(err, reader.Close())
			}
			line, known := lines[found.Import]
			verb, of := "", []string(nil)
			if !known { // a later command, or an import that began after the list was read
				i, err := reader.Import(ctx, found.Import)
				if err != nil {
					return nil, errors.Join(err, reader.Close())
				}
				if i.State == ledger.StateRunning && !open {
					i.State = ledger.StateInterrupted // it was killed
				}
				line, verb, of = lineOf(i, path), i.Verb, i.Of
			}
			h := NewHistory(ledger.Import{
				ID: found.Import, Verb: verb, Of: of, State: line.State, Begun: line.Begun, Target: line.Target, Manifests: line.Manifests,
			}, found)
			h.Ledger = path
			asked, err := reader.SettingsOf(ctx, found.Import, found.Place)
			if err != nil {
				return nil, errors.Join(err, reader.Close())
			}
			if asked != "" {
				h.Asked = json.RawMessage(asked)
			}
			list = append(list, h)
		}
		if err := reader.Close(); err != nil {
			return nil, err
		}
	}
	SortHistory(list)
	return list, nil
}

// advised returns the import for orders that name it. LedgerFile is the file that the operator named, if any.
func (h *HistoryLine) advised(ledgerFile string) advice.Import {
	of := advice.Import{ID: h.Import, Stack: h.Stack, Ledger: ledgerFile}
	if h.Verb != "" {
		of.Command, of.ID = h.Import, ""
		if len(h.Of) > 0 {
			of.ID = h.Of[0]
		}
	}
	return of
}

// SortHistory brings lines into the order in which the imports and commands began.
func SortHistory(list []HistoryLine) {
	slices.SortStableFunc(list, func(a, b HistoryLine) int { return a.Begun.Compare(b.Begun) })
}

// NamesOf returns what somebody may mean by the name of a device. Decoders write vendor IDs as hex
// digits without separators.
func NamesOf(name string) ledger.DeviceNames {
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	names := ledger.DeviceNames{Things: []string{name}, IDs: []string{name}}
	bare := strings.NewReplacer(":", "", "-", "", ".", "", " ", "").Replace(name)
	raw, err := hex.DecodeString(bare)
	if err != nil {
		return names
	}
	names.IDs = append(names.IDs, strings.ToLower(bare), strings.ToUpper(bare))
	if len(raw) == len(names.Certificate) {
		copy(names.Certificate[:], raw)
	}
	return names
}

// PrintHistory prints what imports did to a device, in a format. LedgerFile is the file that the operator named, if any.
func PrintHistory(list []HistoryLine, ledgerFile string, output terminal.Output, streams terminal.Streams) error {
	if output == terminal.JSON {
		return terminal.PrintLines(streams, list)
	}
	var b strings.Builder
	last := list[len(list)-1]
	plain.Fprintf(&b, "%s", cmp.Or(last.ThingName, last.ID, last.CertificateID.String()))
	if last.ID != "" && last.ThingName != "" && last.ID != last.ThingName {
		plain.Fprintf(&b, ", ID %s", last.ID)
	}
	imports := 0
	for _, h := range list {
		if h.Verb == "" {
			imports++
		}
	}
	b.WriteString(": " + progress.Plural(imports, "import", "imports") + "\n")
	for _, h := range list {
		what := "import " + h.Import
		if h.Verb != "" {
			what = h.Verb + " " + strings.Join(h.Of, " ")
		}
		plain.Fprintf(&b, "\n%s  %s, %s\n", h.Begun.Local().Format(time.DateTime), what, TargetName(h.Target))
		place := fmt.Sprintf("entry %s of %s", count(h.Entry), h.Manifest)
		if h.Line > 0 {
			place = fmt.Sprintf("entry %s (line %s) of %s", count(h.Entry), count(h.Line), h.Manifest)
		}
		plain.Fprintf(&b, "  %s: %s\n", h.Outcome, place)
		switch {
		case h.Marked != nil:
			plain.Fprintf(&b, "  in flight since %s; its outcome was not recorded\n", h.Marked.Local().Format(time.DateTime))
		default:
			plain.Fprintf(&b, "  ended %s\n", h.At.Local().Format(time.DateTime))
		}
		if h.Reason != "" {
			plain.Fprintf(&b, "  %s: %s\n", h.Reason, h.Detail)
			if todo := h.advised(ledgerFile).For(h.Reason).Todo; todo != "" {
				plain.Fprintf(&b, "  what to do: %s\n", todo)
			}
		}
		if h.ThingName != last.ThingName {
			plain.Fprintf(&b, "  thing name %s\n", h.ThingName)
		}
		if !h.CertificateID.IsZero() {
			plain.Fprintf(&b, "  certificate %s\n", h.CertificateID)
		}
		if asked, err := engine.ParseRow(string(h.Asked)); err == nil && asked != nil {
			plain.Fprintf(&b, "  its entry asked for %s\n", askedText(asked))
		}
		for _, s := range h.Steps {
			made := "ensured"
			if s.Created {
				made = "created"
			}
			plain.Fprintf(&b, "  %s %s\n", made, strings.TrimSpace(s.Operation+" "+s.Resource))
		}
	}
	_, err := fmt.Fprint(streams.Out, b.String())
	return err
}

// askedText returns what an entry asked for its own device.
func askedText(s *manifest.Settings) string {
	var parts []string
	for _, kind := range []struct {
		name  string
		names []string
	}{
		{"policy", s.Policies},
		{"thing group", s.ThingGroups},
		{"thing type", []string{s.ThingType}},
		{"billing group", []string{s.BillingGroup}},
		{"status", []string{s.Status}},
		{"attribute", slices.Sorted(maps.Keys(s.Attributes))},
	} {
		for _, name := range kind.names {
			if name != "" {
				parts = append(parts, kind.name+" "+name)
			}
		}
	}
	return strings.Join(parts, ", ")
}
