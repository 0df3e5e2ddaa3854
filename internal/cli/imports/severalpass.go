package imports

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
)

// firstPass reads manifests for targets that want the same of the devices: once for all, and again for those whose
// registries refuse what entries ask for, which binds no other target. Its error concerns all of them.
func firstPass(ctx context.Context, alike []*targetImport, sources []*engine.Source) error {
	var ready []*targetImport
	for _, t := range alike {
		if t.err = t.lookUp(ctx); t.err != nil {
			t.report(ctx)
			continue
		}
		ready = append(ready, t)
	}
	if len(ready) == 0 {
		return nil
	}
	if err := scanFor(ctx, ready, sources, len(ready) == 1); err != nil {
		return err
	}
	for _, t := range alike {
		t.scan = ready[0].scan
	}
	refusing := map[string][]*targetImport{}
	for _, t := range ready {
		if refusals := t.check.refusals(); refusals != "" && len(ready) > 1 {
			refusing[refusals] = append(refusing[refusals], t)
		}
	}
	for _, refusals := range slices.Sorted(maps.Keys(refusing)) {
		if err := scanAgain(ctx, refusing[refusals], sources); err != nil {
			return err
		}
	}
	for _, t := range ready {
		if t.err == nil {
			t.printer.Pause()
			t.printer.Note("%s", t.into())
			t.err = t.review(ctx, sources)
		}
		t.report(ctx)
	}
	return nil
}

// scanFor makes the first pass for targets, and checks what entries ask for in each. Refuse reports whether that may
// reject entries.
func scanFor(ctx context.Context, targets []*targetImport, sources []*engine.Source, refuse bool) error {
	first := targets[0]
	want, events := first.settings, manifests.ShowScanning(first.printer)
	for _, t := range targets {
		events = t.policies.watch(events)
	}
	want.CheckVariant = func(a device.Attachments) (refused error) {
		for _, t := range targets {
			refused = cmp.Or(refused, t.check.ofVariant(a))
		}
		if !refuse {
			return nil
		}
		return refused
	}
	scan, err := scanManifests(ctx, sources, want, events, &first.o.runFlags, first.printer, first.streams)
	if err != nil {
		return err
	}
	for _, t := range targets {
		t.scan, t.settings = scan, want
		t.settings.CheckVariant = t.check.ofVariant
	}
	return nil
}

// scanAgain is like scanFor for targets that refuse the same, and whose policies were judged for what they refuse.
func scanAgain(ctx context.Context, targets []*targetImport, sources []*engine.Source) error {
	var ready []*targetImport
	for _, t := range targets {
		if t.err = t.judgePolicies(ctx); t.err == nil {
			ready = append(ready, t)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return scanFor(ctx, ready, sources, true)
}
