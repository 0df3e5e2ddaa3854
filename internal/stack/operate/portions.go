package operate

import (
	"context"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// Portions returns what the devices of an import get, as [engine.ScanResult.Portions] does, from what the ledger kept of
// each entry. It is empty if no entry asked for anything of its own, or if the import is of a version that did not keep it.
// Entries that turned out to be repetitions, or were rejected, do not count.
func (s *Stack) Portions(ctx context.Context, i Import) ([]engine.Portion, error) {
	if i.Record == nil || i.Job.Command != nil {
		return nil, nil
	}
	l, err := s.Ledger()
	if err != nil {
		return nil, err
	}
	asked, texts := map[int]string{}, map[string]string{}
	for a, err := range l.Settings(ctx, i.Job.Import) {
		if err != nil {
			return nil, err
		}
		if _, known := texts[a.Settings]; !known {
			texts[a.Settings] = a.Settings
		}
		asked[a.Entry] = texts[a.Settings] // a million entries share a few texts
	}
	if len(asked) == 0 {
		return nil, nil
	}
	c := i.Counts()
	if c.Rejected+c.Skipped > 0 {
		for r, err := range l.Records(ctx, i.Job.Import) {
			if err != nil {
				return nil, err
			}
			if r.Outcome == ledger.Rejected || r.Outcome == ledger.Skipped {
				delete(asked, r.Entry)
			}
		}
	}
	counts := map[string]int{}
	for _, text := range asked {
		counts[text]++
	}
	settings, err := stack.ParseSettings(i.Record.Settings)
	if err != nil {
		return nil, err
	}
	return engine.PortionsOf(settings, counts, c.Entries-c.Rejected-c.Skipped)
}
