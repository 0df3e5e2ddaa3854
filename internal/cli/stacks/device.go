package stacks

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// showDevice shows what imports and later commands of the stack did to a device, and with live what the registry
// holds of it. Latest lists the latest imports.
func showDevice(
	ctx context.Context, f *stackFlags, stack *operate.Stack, name string, live bool, latest string, streams terminal.Streams,
) error {
	printer := streams.Progress(f.quiet, f.output)
	defer printer.Close()
	handled, err := stack.DeviceHistory(ctx, imports.NamesOf(name), func(entries, all int) {
		printer.Update(progress.Status{Phase: "searching", Done: int64(entries), Total: int64(all)})
	})
	if err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted")
	}
	printer.Close()
	if len(handled) == 0 {
		return exit.UsageError(fmt.Errorf("%s is neither an import of stack %s nor a device of one; the latest imports are%s",
			name, stack.Name, latest),
			"list the imports with thingpress stack imports"+f.naming()+"; name a device by thing name, vendor ID or certificate ID")
	}
	settings := map[string]string{} // of imports
	histories := make([]imports.HistoryLine, len(handled))
	for n, h := range handled {
		record := *h.Import.Record
		record.State = ledger.State(h.Import.State())
		histories[n] = imports.NewHistory(record, h.Found)
		histories[n].Stack = stack.Name
		if settings[record.ID] = record.Settings; h.Asked != "" {
			histories[n].Asked = json.RawMessage(h.Asked)
		}
	}
	imports.SortHistory(histories)
	if err := imports.PrintHistory(histories, "", f.output, streams); err != nil || !live {
		return err
	}
	to := target.Flags{AccountFlags: f.AccountFlags}
	connection, err := to.Connect(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // nothing was written
	wanted := func(h imports.HistoryLine) (engine.Settings, bool, error) { return wantedBy(settings[h.Import]) }
	return imports.ReadLive(ctx, connection, histories, "", f.output, streams, wanted)
}

// wantedBy returns what an import with these settings wanted of every device. It is not known if its entries may have
// asked for something of their own, and the version that began the import did not keep it.
func wantedBy(settings string) (s engine.Settings, known bool, err error) {
	if known, err = functions.KeepsAsked(settings); err == nil {
		s, err = functions.ParseSettings(settings)
	}
	return s, known, err
}
