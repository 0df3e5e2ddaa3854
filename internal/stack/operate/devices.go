package operate

import (
	"context"
	"errors"
	"slices"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
)

// A Handled is what an import or a later command did to a device.
type Handled struct {
	Import Import
	Found  ledger.Found
	// Asked is what the entry asked for its own device, as JSON; empty for nothing.
	Asked string
}

// DeviceHistory returns what the imports of the stack and the later commands over them did to a device, each import
// before its commands. It reads all entries of all imports; see [dynamodb.Ledger.Devices]. Searched is called with
// the number of entries that were searched and the number of all, one call at a time.
func (s *Stack) DeviceHistory(ctx context.Context, names ledger.DeviceNames, searched func(entries, all int)) (list []Handled, err error) {
	l, err := s.Ledger()
	if err != nil {
		return nil, err
	}
	known := map[string]Import{}
	var imports []ledger.Import
	done, all := 0, 0
	for i, err := range s.Imports(ctx) {
		switch {
		case err != nil:
			return nil, err
		case i.Record != nil:
			imports, known[i.Job.Import] = append(imports, *i.Record), i
			all += i.Record.Counts.Entries
		}
	}
	found, err := l.Devices(ctx, imports, names, func(entries int) {
		done += entries
		searched(done, all)
	})
	if err != nil {
		return nil, err
	}
	for n, f := range found {
		asked, err := settingsOf(ctx, l, f)
		if err != nil {
			return nil, err
		}
		list = append(list, Handled{known[f.Import], f, asked})
		if n > 0 && found[n-1].Import == f.Import && found[n-1].Place == f.Place { // its mark
			continue
		}
		commands, err := s.commandsOver(ctx, l, f)
		if err != nil {
			return nil, err
		}
		list = append(list, commands...)
	}
	return list, nil
}

// commandsOver returns what later commands did to an entry of an import. A command has the entries of its imports, one
// import after the other, so that nothing has to be searched.
func (s *Stack) commandsOver(ctx context.Context, l *dynamodb.Ledger, entry ledger.Found) (list []Handled, err error) {
	for command, err := range l.LaterCommands(ctx, entry.Import) {
		if err != nil {
			return nil, err
		}
		place := entry.Place
		place.Manifest = slices.Index(command.Of, entry.Import) // an import of a stack has one manifest
		found, err := l.Entry(ctx, command.ID, place)
		if err != nil {
			return nil, err
		}
		i, err := s.Import(ctx, command.ID)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
		i.Record = &command // its job may have expired
		for _, f := range found {
			list = append(list, Handled{Import: i, Found: f})
		}
	}
	return list, nil
}

// settingsOf returns what an entry of an import asked for its own device; empty for nothing.
func settingsOf(ctx context.Context, l *dynamodb.Ledger, entry ledger.Found) (string, error) {
	for asked, err := range l.Settings(ctx, entry.Import) {
		switch {
		case err != nil:
			return "", err
		case asked.Entry == entry.Entry:
			return asked.Settings, nil
		case asked.Entry > entry.Entry:
			return "", nil
		}
	}
	return "", nil
}
