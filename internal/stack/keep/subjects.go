package keep

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// records reads the ledger of the stack from an entry on. The claims of entries are the marks of a stack, so
// the ledger has none.
type records struct {
	Ledger
	from map[string]ledger.Place // by import
}

// Records implements [ledger.Reader].
func (r records) Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error] {
	return r.RecordsFrom(ctx, id, r.from[id])
}

// Marks implements [later.Reader].
func (r records) Marks(context.Context, string) iter.Seq2[ledger.Mark, error] {
	return func(func(ledger.Mark, error) bool) {}
}

// settings returns the settings of the first import, with the lists of the command.
func (w *worker) settings() (engine.Settings, error) {
	settings, err := stack.ParseSettings(w.imports[0].Settings)
	if err != nil {
		return settings, err
	}
	for _, l := range []struct {
		text string
		list **engine.Filter
	}{{w.command.Only, &settings.Only}, {w.command.Skip, &settings.Skip}} {
		if l.text == "" {
			continue
		}
		if *l.list, err = engine.ReadFilter(strings.NewReader(l.text)); err != nil {
			return settings, err
		}
	}
	return settings, nil
}

// manifests returns the manifests of the command, which are those of its imports one after the other.
func (w *worker) manifests() (all []ledger.Manifest) {
	for _, i := range w.imports {
		all = append(all, i.Manifests...)
	}
	return all
}

// subjects yields the entries of the imports from a place on, in their order. Those that a list leaves out
// are skipped. It stops at an error.
func (w *worker) subjects(ctx context.Context, from ledger.Place, settings engine.Settings) iter.Seq2[*engine.Subject, error] {
	reader := records{w.Ledger, map[string]ledger.Place{}}
	first := 0
	importOf := map[string]int{}
	for n, i := range w.imports {
		importOf[i.ID] = n
		if m := from.Manifest - first; m >= 0 { // of an import before, nothing is read
			reader.from[i.ID] = ledger.Place{Manifest: m, Entry: from.Entry}
		}
		first += len(i.Manifests)
	}
	return func(yield func(*engine.Subject, error) bool) {
		for subject, err := range later.Subjects(ctx, reader, w.imports) {
			if err == nil && before(subject.Place, from) {
				continue
			}
			if err == nil {
				w.doubt(subject, importOf)
				d := subject.Device()
				if outcome, reason, detail := settings.Select(&d); subject.Record.ThingName != "" && outcome != "" && subject.Outcome == "" {
					subject.Outcome, subject.Reason, subject.Detail = outcome, reason, detail
				}
			}
			if !yield(subject, err) {
				return
			}
		}
	}
}

// doubt keeps an entry that may have been in flight when its import ended. What the importer did for it is
// not recorded.
func (w *worker) doubt(s *engine.Subject, importOf map[string]int) {
	job := &w.jobs[importOf[s.Import]]
	if s.Reason != later.ReasonNotReached || s.Record.Entry >= job.Sent {
		return
	}
	s.Outcome, s.Reason = ledger.Kept, later.ReasonUnsure
	s.Detail = "the import was stopped before it recorded what it did for the device; retry it first"
}

func before(a, b ledger.Place) bool {
	return cmp.Or(cmp.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Entry, b.Entry)) < 0
}

// after returns the place after an entry.
func after(p ledger.Place) ledger.Place {
	return ledger.Place{Manifest: p.Manifest, Entry: p.Entry + 1}
}

// mostUnmatched is the maximum number of lines of a list that the checkpoint keeps.
const mostUnmatched = 100

// survey compares the lists of the command with all devices, before its first call.
func (w *worker) survey(ctx context.Context) error {
	if w.progress.Surveyed || w.command.Only == "" && w.command.Skip == "" {
		return nil
	}
	settings, err := w.settings()
	if err != nil {
		return &endError{err.Error()}
	}
	for _, err := range w.subjects(w.begin, ledger.Place{}, settings) {
		if err != nil {
			return w.faultOf(err)
		}
	}
	for _, l := range []struct {
		name string
		list *engine.Filter
		to   *[]string
	}{{"--only", settings.Only, &w.progress.UnmatchedOnly}, {"--skip", settings.Skip, &w.progress.UnmatchedSkip}} {
		if l.list == nil {
			continue
		}
		if !l.list.Matched() && !w.command.IgnoreUnmatched {
			return &endError{fmt.Sprintf("%s: no line matches a device of the import", l.name)}
		}
		lines := l.list.Unmatched()
		*l.to = lines[:min(len(lines), mostUnmatched)]
		w.progress.MoreUnmatched += len(lines) - len(*l.to)
	}
	w.progress.Surveyed = true
	return w.checkpoint(ctx)
}

// faultOf returns errDeadline instead of an error that comes from the end of the time.
func (w *worker) faultOf(err error) error {
	if err != nil && w.begin.Err() != nil {
		return errDeadline
	}
	return err
}
