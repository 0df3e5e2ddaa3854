package manifests

import (
	"context"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// OpenSources reads every manifest once, as a source of the engine's two passes.
// Without a vendor the content tells the format.
func OpenSources(ctx context.Context, inputs []manifest.Input, vendor string, printer *progress.Printer) ([]*engine.Source, error) {
	var sources []*engine.Source
	for _, in := range inputs {
		decoder, err := decoderOf(in, vendor)
		if err != nil {
			return nil, exit.WithHint(err, BreakHint(err, advice.CLI))
		}
		printer.Update(progress.Status{Phase: "reading " + in.Name})
		source, err := engine.OpenSource(ctx, in, decoder)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func decoderOf(in manifest.Input, vendor string) (manifest.Decoder, error) {
	if vendor != "" {
		return vendors.Lookup(vendor)
	}
	return vendors.Detect(in)
}

// ShowScanning returns the events of a first pass, which show on printer how far it is.
func ShowScanning(printer *progress.Printer) engine.Events {
	return func(event engine.Event) {
		if e, ok := event.(engine.Scanning); ok {
			printer.Update(progress.Status{Phase: "checking " + e.Manifest, Done: int64(e.Entries), Rejected: int64(e.Rejected)})
		}
	}
}

// BreakHint returns what to do about a manifest that cannot be read any further.
func BreakHint(err error, where advice.Surface) string {
	if hint := advice.Of(err, where).Todo; hint != "" {
		return hint
	}
	return "ask the sender for the manifest again; docs/reasons.md tells more of each reason"
}

// Rejections returns the rejected entries of a scan by reason, with what the
// reader can do about each.
func Rejections(reasons map[manifest.Reason]int, where advice.Surface) []report.Rejection {
	return report.RejectionsOf(reasons, func(reason manifest.Reason) string { return advice.For(reason, where).Todo })
}

// RejectionText is a line for people.
func RejectionText(r report.Rejection) string {
	return progress.Count(int64(r.Count)) + " rejected, " + withTodo(r.Reason, r.Todo)
}

// withTodo is a reason and what to do about it, if there is something to do.
func withTodo(reason manifest.Reason, todo string) string {
	if todo == "" {
		return string(reason)
	}
	return string(reason) + ": " + todo
}
