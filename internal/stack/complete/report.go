package complete

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
)

// Key is the key of an import's report in the reports bucket; format is
// ".jsonl" or ".csv".
func Key(vendor, importID, format string) string {
	return vendor + "/" + importID + "/report" + format
}

var contentTypes = map[string]string{".jsonl": "application/x-ndjson", ".csv": "text/csv; charset=utf-8"}

// Formats are those that every import gets its report in.
var formats = []string{".jsonl", ".csv"}

// A tally is what a report holds.
type tally struct {
	counts  ledger.Counts
	reasons map[reasonKey]*reason
}

type reasonKey struct {
	outcome ledger.Outcome
	code    string
}

// A reason is why entries were not imported.
type reason struct {
	reasonKey
	count   int
	example ledger.Record
}

func (t *tally) add(r *ledger.Record) {
	t.counts.Entries++
	t.counts.Add(r.Outcome, 1)
	if r.Reason == "" {
		return
	}
	key := reasonKey{r.Outcome, r.Reason}
	known := t.reasons[key]
	if known == nil {
		known = &reason{reasonKey: key, example: *r}
		known.example.Steps = nil
		t.reasons[key] = known
	}
	known.count++
}

// byCount returns the reasons, most frequent first.
func (t *tally) byCount() []*reason {
	return slices.SortedFunc(maps.Values(t.reasons), func(a, b *reason) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.code, b.code))
	})
}

// writeReport writes the report of an import in all formats, in one reading of
// its records.
func (c *Completer) writeReport(ctx context.Context, i ledger.Import, vendor string) (*tally, error) {
	t := &tally{reasons: map[reasonKey]*reason{}}
	uploads := make([]*upload, len(formats))
	for n, format := range formats {
		uploads[n] = &upload{
			ctx: ctx, store: c.Store, bucket: c.Bucket, key: Key(vendor, i.ID, format), contentType: contentTypes[format],
		}
	}
	err := c.fill(ctx, i, uploads, t)
	for _, u := range uploads {
		err = u.discard(err)
	}
	if err != nil {
		return nil, fmt.Errorf("import %s: report: %w", i.ID, err)
	}
	return t, nil
}

func (c *Completer) fill(ctx context.Context, i ledger.Import, uploads []*upload, t *tally) error {
	writers := make([]*report.Writer, len(uploads))
	for n, u := range uploads {
		w, err := report.New(u, formats[n])
		if err != nil {
			return err
		}
		writers[n] = w
	}
	for record, err := range c.Records.Records(ctx, i.ID) {
		if err != nil {
			return err
		}
		t.add(&record)
		row := report.RowOf(i, record)
		for _, w := range writers {
			if err := w.Write(row); err != nil {
				return err
			}
		}
	}
	for n, w := range writers {
		if err := w.Flush(); err != nil {
			return err
		}
		if err := uploads[n].close(); err != nil {
			return err
		}
	}
	return nil
}
