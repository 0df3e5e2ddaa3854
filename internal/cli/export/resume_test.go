package export_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A gate lets calls to a registry pass as long as there are certificates left that may be described. Then the registry
// seems to be broken until the journal has so many lines, and from then on to refuse.
type gate struct {
	left, described, lines atomic.Int64
	journal                string // a pattern
}

func (g *gate) refuses(t *testing.T) bool {
	return int64(bytes.Count(content(t, only(t, g.journal)), []byte("\n"))) >= g.lines.Load()
}

func (g *gate) open(t *testing.T, registry string) (endpoint string) {
	t.Helper()
	to, err := url.Parse(registry)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/certificates/") {
			if g.left.Add(-1) < 0 {
				if !g.refuses(t) {
					w.WriteHeader(http.StatusInternalServerError)
					return
				}
				w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"message":"no"}`)
				return
			}
			g.described.Add(1)
		}
		r.Host = to.Host
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// An export that stopped must go on where it ended, with all that it read before, whatever became of the last line of
// its journal.
func TestExportThatStoppedGoesOn(t *testing.T) {
	t.Parallel()
	const certificates = 14
	m, registry := newMachine(t), clitest.StartSandbox(t)
	h := newHand(t, registry)
	both := h.register("ACTIVE")
	h.thing("revoked-too", both, h.register("REVOKED"))
	h.thing("shared", both)
	for len(h.pems) > 20-certificates {
		h.thing("thing-"+h.pems[0].ID[:8], h.register("ACTIVE"))
	}
	path := filepath.Join(m.dir, "fleet.json")
	g := gate{journal: path + ".*"}
	args := []string{"export", "--endpoint-url", g.open(t, registry), "--out", path}
	for run := range 2 {
		g.left.Store(5)
		g.lines.Add(3)
		out, problems := m.must(1, args...)
		if !strings.Contains(problems, "DescribeCertificate") || !strings.Contains(out, "repeat the command") ||
			strings.Contains(problems, "resuming") != (run > 0) {
			t.Errorf("%s%s", out, problems)
		}
	}
	partial := only(t, g.journal)
	journal := content(t, partial)
	read := int64(bytes.Count(journal, []byte(`"certificateId"`)) + bytes.Count(journal, []byte(`"certificate_id"`)))
	if err := os.WriteFile(partial, append(journal, `{"thing":"thing-`...), 0o600); err != nil { // a line that is torn
		t.Fatal(err)
	}
	g.left.Store(1000)
	g.described.Store(0)
	out, _ := m.must(3, append(args, "--output", "json")...)
	left, line := leftIn(t, out)
	// The certificate that two things have is described for each of them.
	if len(left) != 1 || line.Things != 14 || line.Devices != 14 || line.Further != 1 || g.described.Load() != certificates+1-read {
		t.Errorf("%d described after %d, left out %v: %s", g.described.Load(), read, left, out)
	}
	var want []string
	for _, d := range registered(t, h.client) {
		if d.Status != string(types.CertificateStatusRevoked) {
			want = append(want, d.Name+" "+d.ID)
		}
	}
	got := append(pairsIn(t, path), pairsIn(t, filepath.Join(m.dir, "fleet-2.json"))...)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if more, _ := filepath.Glob(path + ".*"); len(more) > 0 {
		t.Errorf("%v is left behind", more)
	}

	// A journal that is damaged is named, and --new starts again.
	if err := os.WriteFile(partial, []byte("{}{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, problems := m.must(1, append(args, "--overwrite")...); !strings.Contains(problems, "hint: start again with --new") ||
		strings.Contains(out, "repeat") {
		t.Errorf("%s%s", out, problems)
	}
	m.must(3, append(args, "--overwrite", "--new")...)
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return text
}

// only returns the only file that a pattern matches.
func only(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Errorf("%s: %v, %v", pattern, found, err)
		return pattern
	}
	return found[0]
}

// pairsIn returns the things in a manifest with their certificates.
func pairsIn(t *testing.T, path string) (pairs []string) {
	t.Helper()
	for _, d := range entriesIn(t, path) {
		pairs = append(pairs, d.Name+" "+d.ID)
	}
	return pairs
}
