package engine

import (
	"fmt"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/manifest"
)

func deviceOf(certificate, name string) *manifest.Device {
	return &manifest.Device{CertificateID: manifest.CertificateIDOf([]byte(certificate)), ThingName: name}
}

// The index stores digests in tables of its own. It must reach the same verdicts as a map of
// all accepted devices.
func TestIndexJudgesAsAMapWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex()
		byCertificate, byName := map[string]int{}, map[string]int{}
		var devices []*manifest.Device
		for n := range rapid.IntRange(0, 300).Draw(t, "entries") {
			if rapid.IntRange(0, 9).Draw(t, "rejected") == 0 {
				x.Skip()
				devices = append(devices, nil)
				continue
			}
			certificate, name := fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "certificate")), fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "name"))
			d := deviceOf(certificate, name)
			devices = append(devices, d)
			c, haveC := byCertificate[certificate]
			m, haveN := byName[name]
			want, earlier := Accepted, 0
			switch {
			case haveC && haveN && c == m:
				want, earlier = Repeated, c
			case haveC:
				want, earlier = Contradictory, c
			case haveN:
				want, earlier = Contradictory, m
			default:
				byCertificate[certificate], byName[name] = n, n
			}
			if got, e := x.Add(d); got != want || e != earlier {
				t.Fatalf("entry %d: %v %d, want %v %d", n, got, e, want, earlier)
			}
		}
		for n, d := range devices {
			if d == nil {
				continue
			}
			v, earlier := x.again(d, n)
			if v == Accepted != (byCertificate[idText(d, byCertificate)] == n && byName[d.ThingName] == n) {
				t.Fatalf("entry %d asked again: %v of %d", n, v, earlier)
			}
		}
	})
}

// idText returns the text whose digest is a device's certificate ID.
func idText(d *manifest.Device, texts map[string]int) string {
	for text := range texts {
		if deviceOf(text, "").CertificateID == d.CertificateID {
			return text
		}
	}
	return "none"
}

func TestIndexKnowsWhatItWasNeverGiven(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	x.Add(deviceOf("a", "a"))
	if v, _ := x.again(deviceOf("b", "b"), 0); v != Unknown {
		t.Errorf("a device that changed between the passes: verdict %v", v)
	}
	if _, ok := x.byThing("b"); ok {
		t.Error("found a thing that does not exist")
	}
	if n, ok := x.byCertificate(deviceOf("a", "").CertificateID.String()); !ok || n != 0 {
		t.Error("did not find an existing certificate")
	}
}

// This test measures the heap, so it is not parallel.
func TestIndexTakesLessThanFortyBytesPerEntry(t *testing.T) {
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
		x.Add(deviceOf(fmt.Sprint(i), fmt.Sprint(i)))
	}
	per := float64(heap()-before) / n
	runtime.KeepAlive(x)
	t.Logf("%.1f bytes per entry", per)
	if per > 40 {
		t.Errorf("%.1f bytes per entry", per)
	}
}
