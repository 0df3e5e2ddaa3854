package registry

import (
	"encoding/pem"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/manifest"
)

// addDevices adds n devices with a type, three attributes, two policies and three groups, by
// the calls of an import. Their certificates differ in the serial number only.
func addDevices(t testing.TB, s *Store, n int) {
	t.Helper()
	catalogue(t, s, []string{"p", "q"}, []string{"sensor"}, []string{"g", "h", "i"}, []string{"acme"})
	block, _ := pem.Decode([]byte(mint(t)))
	for i := range n {
		name := fmt.Sprintf("device-%012d", i)
		der := append([]byte(name), block.Bytes...)
		der = slices.Clip(append(der, make([]byte, 500+len(name)-len(der))...)) // the size of a vendor's certificate
		id := manifest.CertificateIDOf(der).String()
		attributes := []Attribute{{"mac", name}, {"id", name}, {"batch", "7"}}
		for _, changes := range [][]Change{
			{
				&CertificateAdded{DER: der, Status: "ACTIVE"}, &ThingAdded{name, uuid.New(), ThingDetails{1, "sensor", attributes}},
				&Billed{"acme", name},
			},
			{
				&PrincipalAttached{name, id, false}, &PolicyAttached{"p", PolicyPlace{Certificate: id}},
				&PolicyAttached{"q", PolicyPlace{Certificate: id}},
				&MemberAdded{"g", name}, &MemberAdded{"h", name}, &MemberAdded{"i", name},
			},
		} {
			if _, err := s.Change(func(*State) ([]Change, error) { return changes, nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A million devices must fit into memory: each takes at most 1.5 KB, with its certificate.
func TestDeviceTakesLittleMemory(t *testing.T) {
	const n = 20_000
	s := open(t, Options{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	addDevices(t, s, n)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (after.HeapAlloc - before.HeapAlloc) / n; each > 1700 {
		t.Errorf("%d bytes per device", each)
	} else {
		t.Logf("%d bytes per device", each)
	}
	runtime.KeepAlive(s)
}

// BenchmarkOpen measures how long a sandbox of a hundred thousand devices takes to open.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "state")
	s, err := Open(inFile(path))
	if err != nil {
		b.Fatal(err)
	}
	addDevices(b, s, 100_000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(inFile(path))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
