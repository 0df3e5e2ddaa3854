package sandbox

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// What the index knows of connections must outlive the sandbox, as a device that never comes back is
// what an operator looks for.
func TestIndexKnowsWhichDevicesWereConnected(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	ctx := t.Context()
	for _, when := range []string{"at first", "after a restart", "after the state was rewritten"} {
		s := must[*Server](t)(New(Options{StatePath: path}))
		c := iot.New(iot.Options{
			BaseEndpoint: aws.String("http://sandbox.invalid"), Region: DefaultRegion, HTTPClient: &http.Client{Transport: Transport(s)},
			Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
		})
		if when == "at first" {
			for _, name := range []string{"on", "off", "never"} {
				_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
			}
			if _, err := c.GetThingConnectivityData(ctx, &iot.GetThingConnectivityDataInput{ThingName: aws.String("on")}); err == nil {
				t.Error("connectivity is known before it is indexed")
			}
			_ = must[*iot.UpdateIndexingConfigurationOutput](t)(c.UpdateIndexingConfiguration(ctx, &iot.UpdateIndexingConfigurationInput{
				ThingIndexingConfiguration: &types.ThingIndexingConfiguration{
					ThingIndexingMode:             types.ThingIndexingModeRegistry,
					ThingConnectivityIndexingMode: types.ThingConnectivityIndexingModeStatus,
				},
			}))
			for _, err := range []error{
				s.SetConnected("on", true, ""), s.SetConnected("off", true, ""), s.SetConnected("off", false, "CONNECTION_LOST"),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if s.SetConnected("nothing", true, "") == nil {
				t.Error("a thing that does not exist is connected")
			}
		}
		for _, want := range []struct {
			thing, reason   string
			connected, seen bool
		}{{"on", "NONE", true, true}, {"off", "CONNECTION_LOST", false, true}, {"never", "UNKNOWN", false, false}} {
			got := must[*iot.GetThingConnectivityDataOutput](t)(c.GetThingConnectivityData(ctx,
				&iot.GetThingConnectivityDataInput{ThingName: &want.thing}))
			if *got.Connected != want.connected || string(got.DisconnectReason) != want.reason || (got.Timestamp.UnixMilli() > 0) != want.seen {
				t.Errorf("%s: %s: connected %v, %s, %v", when, want.thing, *got.Connected, got.DisconnectReason, got.Timestamp)
			}
		}
		for query, names := range map[string]int{"connectivity.connected:true": 1, "connectivity.timestamp>0": 2, "thingName:*": 3} {
			found := must[*iot.SearchIndexOutput](t)(c.SearchIndex(ctx, &iot.SearchIndexInput{QueryString: &query}))
			if len(found.Things) != names || found.Things[0].Connectivity == nil {
				t.Errorf("%s: %s: %+v", when, query, found.Things)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
