package engine_test

import (
	"context"
	"testing"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// A refusingIndex knows every thing and has seen none of them. It refuses to tell about one.
type refusingIndex struct{ refused string }

func (refusingIndex) GetIndexingConfiguration(context.Context) (bool, error) { return true, nil }

func (refusingIndex) SearchIndex(context.Context, string, string) ([]iot.Connection, string, error) {
	return nil, "", nil
}

func (i refusingIndex) GetThingConnectivityData(_ context.Context, thing string) (iot.Connection, error) {
	if thing == i.refused {
		return iot.Connection{}, &iot.APIError{Operation: "GetThingConnectivityData", Code: "InvalidRequestException", Class: iot.ClassDevice}
	}
	return iot.Connection{Thing: thing}, nil
}

// Otherwise an index that cannot be read would look as if it had no things.
func TestThingForWhichTheIndexCannotBeReadIsNotUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	sources := w.sources(espressifManifest(t, 3, "index"))
	scan, err := engine.Scan(t.Context(), sources, w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	var index refusingIndex
	unread := map[string]bool{}
	index.refused = scan.Examples[1].ThingName
	got, err := engine.FindConnected(t.Context(), engine.Config{Target: w.target, AWS: w.aws, Limiters: w.limiters},
		engine.FleetOfScan(sources, scan, w.settings), index, func(c engine.Connected) { unread[c.Thing] = c.Unread != nil })
	if err != nil || got.Devices != 3 || got.Never != 2 || got.Unread != 1 || got.Unknown != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if len(unread) != 3 || !unread[index.refused] {
		t.Errorf("unread: %v", unread)
	}
}
