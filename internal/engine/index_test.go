package engine

import (
	"fmt"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/manifest"
)

func deviceOf(id, certificate, name string) *manifest.Device {
	return &manifest.Device{ID: id, CertificateID: manifest.CertificateIDOf([]byte(certificate)), ThingName: name}
}

// The index stores digests in tables of its own. It must reach the same verdicts as a list
// of all accepted devices.
func TestIndexJudgesAsAListWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex()
		var all, accepted []*manifest.Device // by entry; nil if the entry owns nothing
		for n := range rapid.IntRange(0, 200).Draw(t, "entries") {
			if rapid.IntRange(0, 9).Draw(t, "rejected") == 0 {
				x.Skip()
				all, accepted = append(all, nil), append(accepted, nil)
				continue
			}
			text := rapid.Map(rapid.IntRange(0, 40), func(n int) string { return fmt.Sprint(n) })
			d := deviceOf(text.Draw(t, "id"), text.Draw(t, "certificate"), text.Draw(t, "name"))
			if rapid.IntRange(0, 3).Draw(t, "no ID") == 0 {
				d.IDIsCN = rapid.Bool().Draw(t, "CN")
				if !d.IDIsCN {
					d.ID = ""
				}
			}
			want := search(accepted, d)
			got := x.Add(d)
			if got.Relation != want {
				t.Fatalf("entry %d: %+v, want %v", n, got, want)
			}
			if e := got.Earlier; want != Accepted {
				theirs := accepted[e]
				same := d.VendorID() != "" && d.VendorID() == theirs.VendorID()
				certificate, name := theirs.CertificateID == d.CertificateID, theirs.ThingName == d.ThingName
				if got.ID != same || got.Certificate != certificate || got.Name != name {
					t.Fatalf("entry %d: %+v, but entry %d is %+v", n, got, e, theirs)
				}
			}
			all = append(all, d)
			if want != Accepted {
				d = nil
			}
			accepted = append(accepted, d)
		}
		for n, d := range all {
			if d == nil {
				continue
			}
			if m := x.again(d, n); (m.Relation == Accepted) != (accepted[n] != nil) {
				t.Fatalf("entry %d asked again: %+v", n, m)
			}
		}
	})
}

// search returns the relation of a device to the accepted ones.
func search(accepted []*manifest.Device, d *manifest.Device) Relation {
	relation := Accepted
	for _, a := range accepted {
		if a == nil {
			continue
		}
		sameID := d.VendorID() != "" && d.VendorID() == a.VendorID()
		known := d.VendorID() != "" && a.VendorID() != ""
		certificate, name := a.CertificateID == d.CertificateID, a.ThingName == d.ThingName
		switch {
		case certificate && name && (sameID || !known) && relation == Accepted:
			relation = Repeated
		case certificate || name || sameID:
			relation = Contradictory
		}
	}
	return relation
}

func TestIndexKnowsWhatItWasNeverGiven(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	x.Add(deviceOf("i", "a", "a"))
	for _, changed := range []*manifest.Device{
		deviceOf("j", "b", "b"), deviceOf("i", "a", "b"), deviceOf("", "a", "a"), deviceOf("j", "a", "a"),
	} {
		if m := x.again(changed, 0); m.Relation != Unknown {
			t.Errorf("a device that changed between the passes: %+v", m)
		}
	}
	if _, ok := x.byThing("b"); ok {
		t.Error("found a thing that does not exist")
	}
	if n, ok := x.byCertificate(manifest.CertificateIDOf([]byte("a")).String()); !ok || n != 0 {
		t.Error("did not find an existing certificate")
	}
}

// This test measures the heap, so it is not parallel.
func TestIndexTakesLessThanFiftyBytesPerEntry(t *testing.T) {
	const n = 400_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	x := NewIndex()
	for i := range n {
		x.Add(deviceOf(fmt.Sprint(i), fmt.Sprint(i), fmt.Sprint(i)))
	}
	per := float64(heap()-before) / n
	runtime.KeepAlive(x)
	t.Logf("%.1f bytes per entry", per)
	if per > 50 {
		t.Errorf("%.1f bytes per entry", per)
	}
}
