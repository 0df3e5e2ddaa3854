package complete

import (
	"context"
	"fmt"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
)

// Key returns the key of a report in the reports bucket; format is ".jsonl" or
// ".csv".
func Key(vendor, importID, format string) string {
	return vendor + "/" + importID + "/report" + format
}

// formats are the formats of every report.
var formats = []struct{ name, contentType string }{{".jsonl", "application/x-ndjson"}, {".csv", "text/csv; charset=utf-8"}}

// A tally counts what a report contains.
type tally struct {
	counts  ledger.Counts
	reasons ledger.Tally
}

// writeReport writes the report of an import in all formats while it reads the
// records once. After an error the earlier report stays.
func (c *Completer) writeReport(ctx context.Context, i ledger.Import, vendor string) (*tally, error) {
	var uploads []*upload
	for _, format := range formats {
		uploads = append(uploads, startUpload(ctx, c.Store, c.Bucket, Key(vendor, i.ID, format.name), format.contentType))
	}
	written, err := c.writeRecords(ctx, i, uploads)
	for _, u := range uploads {
		if ended := u.end(err); err == nil {
			err = ended
		}
	}
	if err != nil {
		return nil, fmt.Errorf("import %s: report: %w", i.ID, err)
	}
	return written, nil
}

func (c *Completer) writeRecords(ctx context.Context, i ledger.Import, uploads []*upload) (*tally, error) {
	writers := make([]*report.Writer, len(uploads))
	for n, u := range uploads {
		var err error
		if writers[n], err = report.New(u, formats[n].name); err != nil {
			return nil, err
		}
	}
	written := &tally{}
	for record, err := range c.Records.Records(ctx, i.ID) {
		if err != nil {
			return nil, err
		}
		written.counts.Entries++
		written.counts.Add(record.Outcome, 1)
		written.reasons.Add(record)
		row := report.RowOf(i, record)
		for _, w := range writers {
			if err := w.Write(row); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range writers {
		if err := w.Flush(); err != nil {
			return nil, err
		}
	}
	return written, nil
}
