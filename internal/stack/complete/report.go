package complete

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
)

// Key returns the key of a report in the reports bucket; format is ".jsonl", ".csv" or
// ".html".
func Key(vendor, importID, format string) string {
	return vendor + "/" + importID + "/report" + format
}

// formats are the formats of every report.
var formats = []struct{ name, contentType string }{{".jsonl", "application/x-ndjson"}, {".csv", "text/csv; charset=utf-8"}}

const (
	// One part in draftShare of the time of an invocation, at most draftMost, is kept for
	// the parts that are being written when it is nearly over, and at least twice the time
	// that the last ones took.
	draftShare = 5
	draftMost  = time.Minute
	// mostDraft is the maximum size of a draft, which must fit a message: that of a report
	// of tens of millions of entries.
	mostDraft = 200 << 10
)

// reports returns the URIs of what was written.
func (c *Completer) reports(i ledger.Import, vendor string, written *tally) (uris []string) {
	uri := func(format string) string { return "s3://" + c.Bucket + "/" + Key(vendor, i.ID, format) }
	for _, format := range formats {
		uris = append(uris, uri(format.name))
	}
	if written.page {
		uris = append(uris, uri(pageFormat))
	}
	return uris
}

// A tally counts what a report contains.
type tally struct {
	counts  ledger.Counts
	reasons ledger.Tally
	page    bool // there is a page of it
}

// A draft is a report of which parts are written. It travels in the task that goes on
// with it.
type draft struct {
	// Counts are those of the import when the report was begun. If they have changed it
	// begins again.
	Counts ledger.Counts `json:"counts"`
	// Next is the first entry that is in no part.
	Next ledger.Place `json:"next"`
	// Written and Reasons count what is in the parts.
	Written ledger.Counts   `json:"written"`
	Reasons []ledger.Reason `json:"reasons,omitempty"`
	Uploads []*upload       `json:"uploads"`

	writers []*report.Writer
	reasons ledger.Tally
}

// openDraft returns the draft in the text of a task, or a new one if there is none, or if
// the import has changed since.
func (c *Completer) openDraft(ctx context.Context, i ledger.Import, vendor, text string) (*draft, error) {
	d := &draft{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), d); err != nil {
			return nil, fmt.Errorf("the draft in the task: %w", err)
		}
	}
	begun := len(d.Uploads) == len(formats)
	c.connect(d, i.ID, vendor)
	if begun && d.Counts != i.Counts {
		d.abort(ctx)
		begun = false
	}
	if !begun {
		d = &draft{Counts: i.Counts}
		c.connect(d, i.ID, vendor)
	}
	d.reasons.Restore(d.Reasons)
	for n, format := range formats {
		buffer := &d.Uploads[n].buffer
		w, err := report.New(buffer, format.name)
		if err != nil {
			return nil, err
		}
		if begun { // the first part has the header
			if err := w.Flush(); err != nil {
				return nil, err
			}
			buffer.Reset()
		}
		d.writers = append(d.writers, w)
	}
	return d, nil
}

// connect gives the uploads of a draft their objects.
func (c *Completer) connect(d *draft, importID, vendor string) {
	for n, format := range formats {
		if n == len(d.Uploads) {
			d.Uploads = append(d.Uploads, &upload{})
		}
		u := d.Uploads[n]
		u.store, u.bucket, u.key, u.contentType = c.Store, c.Bucket, Key(vendor, importID, format.name), format.contentType
	}
}

// writeReport writes the report of an import in all formats while it reads the records
// once. It goes on with the draft in a text, if there is one. If the time of ctx is nearly
// over, it returns the text of a draft to go on with, and nothing else. After an error the
// earlier report stays.
func (c *Completer) writeReport(ctx context.Context, i ledger.Import, vendor, text string) (written *tally, next string, err error) {
	d, err := c.openDraft(ctx, i, vendor, text)
	if err != nil {
		return nil, "", fmt.Errorf("import %s: report: %w", i.ID, err)
	}
	if next, err = d.writeRecords(ctx, i, c.Records); err == nil && next == "" {
		err = d.finish(ctx)
	}
	if isGone(err) && text != "" { // one format was finished before, or the parts have expired
		d.abort(ctx)
		return c.writeReport(ctx, i, vendor, "")
	}
	if err != nil {
		if text == "" { // otherwise the task is delivered again, and goes on from its draft
			d.abort(ctx)
		}
		return nil, "", fmt.Errorf("import %s: report: %w", i.ID, err)
	}
	return &tally{counts: d.Written, reasons: d.reasons}, next, nil
}

// writeRecords writes the records that are not written yet. If time is nearly over, it
// returns the text of the draft.
func (d *draft) writeRecords(ctx context.Context, i ledger.Import, records Records) (next string, err error) {
	deadline, limited := ctx.Deadline()
	kept := min(time.Until(deadline)/draftShare, draftMost)
	last := time.Now()
	for record, err := range records.RecordsFrom(ctx, i.ID, d.Next) {
		if err != nil {
			return "", err
		}
		if d.full() {
			if err := d.sendParts(ctx); err != nil {
				return "", err
			}
			d.Next = record.Place
			now := time.Now()
			if need := max(kept, 2*now.Sub(last)); limited && deadline.Sub(now) < need {
				if text := d.text(); len(text) <= mostDraft {
					return text, nil
				}
			}
			last = now
		}
		d.Written.Entries++
		d.Written.Add(record.Outcome, 1)
		d.reasons.Add(record)
		row := report.RowOf(i, record)
		for _, w := range d.writers {
			if err := w.Write(row); err != nil {
				return "", err
			}
		}
	}
	return "", d.flush()
}

// full reports whether each format has enough for a part. Then the parts of all of them
// end at the same entry.
func (d *draft) full() bool {
	for _, u := range d.Uploads {
		if u.buffer.Len() < leastPart {
			return false
		}
	}
	return true
}

func (d *draft) sendParts(ctx context.Context) error {
	if err := d.flush(); err != nil {
		return err
	}
	for _, u := range d.Uploads {
		if err := u.sendPart(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) flush() error {
	for _, w := range d.writers {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) finish(ctx context.Context) error {
	for _, u := range d.Uploads {
		if err := u.finish(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) abort(ctx context.Context) {
	for _, u := range d.Uploads {
		u.abort(ctx)
	}
}

// exampleMost is the maximum length of the detail of an example in a draft, in bytes.
const exampleMost = 1 << 10

// text returns the draft as the text of a task.
func (d *draft) text() string {
	d.Reasons = d.reasons.Reasons()
	for _, r := range d.Reasons {
		for n := range r.Examples {
			if e := &r.Examples[n]; len(e.Detail) > exampleMost {
				e.Detail = e.Detail[:exampleMost] + "…"
			}
		}
	}
	text, _ := json.Marshal(d) // texts and numbers cannot fail
	return string(text)
}
