package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// deviceOf returns a device without a vendor ID if vendor is 0.
func deviceOf(vendor, certificate, name int) manifest.Device {
	d := manifest.Device{
		CertificateID: manifest.CertificateIDOf(fmt.Append(nil, certificate)), ThingName: fmt.Sprint("thing-", name), IDIsCN: true,
	}
	if vendor > 0 {
		d.ID, d.IDIsCN = fmt.Sprint(vendor), false
	}
	return d
}

// A device that is taken for alone makes no claims, so two devices that share something
// would both be imported.
func TestWhateverDevicesShareIsInTheCensus(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.IntRange(0, 40)
		devices := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) manifest.Device {
			return deviceOf(kind.Draw(t, "vendor"), kind.Draw(t, "certificate"), kind.Draw(t, "name"))
		}), 0, 30).Draw(t, "devices")
		census := stack.NewCensus(1000)
		for i := range devices {
			census.Add(&devices[i])
		}
		shared := census.Shared()
		for i, d := range devices {
			shares := slices.ContainsFunc(slices.Concat(devices[:i], devices[i+1:]), func(o manifest.Device) bool {
				return o.CertificateID == d.CertificateID || o.ThingName == d.ThingName || d.VendorID() != "" && o.VendorID() == d.VendorID()
			})
			if shared.Has(&d) != shares {
				t.Fatalf("device %d: %v, want %v", i, !shares, shares)
			}
		}
	})
}

func TestCensusThatIsTooLargeKnowsNothing(t *testing.T) {
	t.Parallel()
	few := stack.NewCensus(10)
	twice := stack.NewCensus(1 << 20)
	for n := range stack.MostShared/2 + 1 { // two hashes each
		d := deviceOf(0, n, n)
		few.Add(&d)
		twice.Add(&d)
		twice.Add(&d)
	}
	if few.Shared() != nil || twice.Shared() != nil {
		t.Error("it claims to know")
	}
}

// Nothing shared is not the same as not known: without it every device claims what it has.
func TestEmptyCensusStaysKnownInTheCheckpoint(t *testing.T) {
	t.Parallel()
	type checkpoint struct {
		Shared *stack.Shared `json:"shared,omitempty"`
	}
	for _, want := range []checkpoint{{}, {stack.NewCensus(9).Shared()}} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got checkpoint
		if err := json.Unmarshal(text, &got); err != nil || (got.Shared == nil) != (want.Shared == nil) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
