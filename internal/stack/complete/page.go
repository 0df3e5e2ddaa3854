package complete

import (
	"cmp"
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
)

const (
	pageFormat = ".html"
	// mostOnPage is the number of entries of the largest import that gets a page. They are
	// held in memory, because the page needs them twice and reading them costs.
	mostOnPage = 20_000
	// The page may take one part in pageShare of the time that is left of an invocation.
	pageShare = 2
)

// writePage writes the report of an import that has ended as a page for people, and
// reports whether it did. Nothing waits for the page: whoever misses it can have the CLI
// write it.
func (c *Completer) writePage(ctx context.Context, i ledger.Import, vendor string) bool {
	if i.Counts.Entries > mostOnPage {
		return false
	}
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/pageShare)
		defer cancel()
	}
	var all []ledger.Record
	var failed error
	for record, err := range c.Records.RecordsFrom(ctx, i.ID, ledger.Place{}) {
		if failed = err; err == nil {
			all = append(all, record)
		}
	}
	records := func(yield func(ledger.Record, error) bool) {
		for _, record := range all {
			if !yield(record, nil) {
				return
			}
		}
	}
	page := upload{store: c.Store, bucket: c.Bucket, key: Key(vendor, i.ID, pageFormat), contentType: "text/html; charset=utf-8"}
	story, err := report.StoryOf(i, report.About{}, records, advice.Import{ID: i.ID, Stack: c.Stack})
	if err = cmp.Or(failed, err); err == nil {
		err = report.WritePage(&page.buffer, story, records)
	}
	if err == nil {
		err = page.finish(ctx)
	}
	if err != nil {
		c.Log.WarnContext(ctx, "the page of the report could not be written", "import", i.ID, "error", err.Error())
	}
	return err == nil
}
