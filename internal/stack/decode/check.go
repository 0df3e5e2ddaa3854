package decode

import (
	"context"
	"errors"

	"github.com/thingpress/thingpress/manifest"
)

// check is the first pass: it decodes and counts, and sends nothing. At its
// end the import is begun in the ledger.
func (w *worker) check(ctx context.Context) error {
	if err := w.loadSigners(ctx); err != nil {
		return w.classify(err)
	}
	src, err := w.source(ctx)
	if err != nil {
		return err
	}
	defer src.close()
	p := &w.progress.Check
	for device, err := range src.decoder.Decode(w.soft, src.input, w.options(p)) {
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			return w.classify(err)
		}
		p.take(&device, rejected)
		if p.Entries%w.h.every == 0 {
			if err := w.save(ctx); err != nil {
				return err
			}
		}
	}
	return w.begin(ctx)
}
