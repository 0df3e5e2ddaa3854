package sandbox

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// devices adds n devices with a type, three attributes, two policies and three
// groups, from one certificate with the serial number changed, as the calls of an
// import would.
func devices(b testing.TB, s *Server, n int) {
	b.Helper()
	if _, err := s.Ensure([]string{"p", "q"}, "sensor", []string{"g", "h", "i"}, "acme"); err != nil {
		b.Fatal(err)
	}
	block, _ := pem.Decode([]byte(mint(b, nil)))
	extended := string(block.Bytes) + strings.Repeat("x", 500-len(block.Bytes)) // the size of a vendor's
	for i := range n {
		name := fmt.Sprintf("device-%012d", i)
		s.mu.Lock()
		c := &call{}
		err := s.commit(c,
			record{kind: kindCertificate, fields: []string{name + extended, "ACTIVE", "", "1"}},
			record{kind: kindThing, fields: []string{name, "0195f3b0-0000-7000-8000-000000000000", "1", "sensor", "mac", name, "id", name, "batch", "7"}},
			record{kind: kindBilled, fields: []string{"acme", name}})
		if err == nil {
			id := s.registry.lastCertificate()
			err = s.commit(c,
				record{kind: kindPrincipal, fields: []string{name, id, ""}},
				record{kind: kindTarget, fields: []string{"p", "cert", id}},
				record{kind: kindTarget, fields: []string{"q", "cert", id}},
				record{kind: kindMember, fields: []string{"g", name}},
				record{kind: kindMember, fields: []string{"h", name}},
				record{kind: kindMember, fields: []string{"i", name}})
		}
		s.mu.Unlock()
		if err != nil {
			b.Fatal(err)
		}
	}
}

// lastCertificate is the ID of the certificate that was added last.
func (r *registry) lastCertificate() string {
	e := r.certificateList.entries
	return e[len(e)-1].item.hexID()
}

// A million devices have to fit: at most 1.5 KB each, with the certificate.
func TestDeviceTakesLittleMemory(t *testing.T) {
	const n = 20_000
	s := open(t, Options{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	devices(t, s, n)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (after.HeapAlloc - before.HeapAlloc) / n; each > 1700 {
		t.Errorf("%d bytes per device", each)
	} else {
		t.Logf("%d bytes per device", each)
	}
	runtime.KeepAlive(s)
}

// BenchmarkCall is what the sandbox itself takes for a call, without a socket
// and without the SDK, with a state file.
func BenchmarkCall(b *testing.B) {
	s := open(b, Options{StatePath: filepath.Join(b.TempDir(), "state")})
	if _, err := s.Ensure([]string{"p"}, "sensor", []string{"g"}, ""); err != nil {
		b.Fatal(err)
	}
	call := func(method, path, body string) {
		request, err := http.NewRequestWithContext(b.Context(), method, "http://sandbox.invalid"+path, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		w := answer{header: http.Header{}}
		if s.ServeHTTP(&w, request); w.status != http.StatusOK {
			b.Fatalf("%d %s", w.status, w.body.String())
		}
	}
	i := 0
	for b.Loop() {
		i++
		name := fmt.Sprint("device-", i)
		call(http.MethodPost, "/things/"+name, `{"thingTypeName":"sensor","attributePayload":{"attributes":{"mac":"02:00:00:00:00:01"}}}`)
		call(http.MethodPut, "/thing-groups/addThingToThingGroup", `{"thingGroupName":"g","thingName":"`+name+`"}`)
		call(http.MethodGet, "/things/"+name, "")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(3*i), "ns/call")
}

// BenchmarkOpen is how long a sandbox of a hundred thousand devices takes to
// open.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "state")
	s, err := New(Options{StatePath: path})
	if err != nil {
		b.Fatal(err)
	}
	devices(b, s, 100_000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := New(Options{StatePath: path})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
