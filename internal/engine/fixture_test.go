package engine_test

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// Simulated accounts allocate much and keep little. The race detector needs the memory itself.
func TestMain(m *testing.M) {
	if !require.Race {
		debug.SetGCPercent(200)
	}
	m.Run()
}

// attachments are those of most tests.
func attachments() device.Attachments {
	return device.Attachments{
		Policies: []string{"connect", "telemetry"}, ThingGroups: []string{"line-1", "reel-7"}, ThingType: "sensor",
		Attributes: []device.Attribute{{Name: "mac", Value: template("{mac}")}},
	}
}

func template(text string) manifest.Template {
	t, err := manifest.ParseTemplate(text)
	if err != nil {
		panic(err)
	}
	return t
}

// manyDevices is the manifest from which [longManifest] takes its devices.
var manyDevices = sync.OnceValues(func() ([]byte, error) {
	var out bytes.Buffer
	err := material.Generate(context.Background(), material.Options{Vendor: "espressif", N: 4000, Seed: "many", Out: &out})
	return out.Bytes(), err
})

// longManifest returns a manifest of up to 4000 devices, which are the same in all tests, because making
// their keys and signatures takes as long as importing them.
func longManifest(t testing.TB, n int) []byte {
	t.Helper()
	content, err := manyDevices()
	if err != nil {
		t.Fatal(err)
	}
	return part(content, n)
}

// espressifManifest returns a manifest of n devices.
func espressifManifest(t testing.TB, n int, seed string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "espressif", N: n, Seed: seed, Out: &out}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A world consists of an account, a ledger and a client.
type world struct {
	testing.TB
	server   *sandbox.Server
	client   *awsiot.Client
	aws      iot.AWS
	ledger   ledger.Ledger
	limiters *quota.Limiters
	target   ledger.Target
	settings engine.Settings

	mu  sync.Mutex
	log []sandbox.Call
}

// newWorld returns a world with everything that the attachments name. A nil transport means
// HTTP over loopback.
func newWorld(t testing.TB, o sandbox.Options, transport func(http.Handler) http.RoundTripper) *world {
	t.Helper()
	w := &world{TB: t, settings: engine.Settings{Attachments: attachments()}}
	o.Log = func(c sandbox.Call) {
		w.mu.Lock()
		w.log = append(w.log, c)
		w.mu.Unlock()
	}
	var err error
	if w.server, err = sandbox.New(o); err != nil {
		t.Fatal(err)
	}
	a := w.settings.Attachments
	if _, err := w.server.Ensure(a.Policies, a.ThingType, a.ThingGroups, ""); err != nil {
		t.Fatal(err)
	}
	options := awsiot.Options{Sandbox: true, Region: sandbox.DefaultRegion, Endpoint: "http://sandbox.invalid"}
	if transport != nil {
		options.Transport = transport(w.server)
	} else {
		url, stop, err := sandbox.Listen(t.Context(), w.server, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		options.Endpoint = url
	}
	if w.client, err = awsiot.Open(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	w.aws = w.client.AWS()
	w.target = ledger.Target{Partition: "aws", Account: sandbox.DefaultAccount, Region: sandbox.DefaultRegion, Sandbox: "test"}
	w.limiters = quota.NewLimiters(quota.Set{}, quota.Options{})
	return w
}

// withSQLite gives the world a ledger in a file.
func (w *world) withSQLite() *world {
	l, err := sqlite.Open(w.Context(), filepath.Join(w.TempDir(), "ledger.db"))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	w.ledger = l
	return w
}

// sources returns manifests with the given contents.
func (w *world) sources(contents ...[]byte) []*engine.Source {
	w.Helper()
	var sources []*engine.Source
	for i, content := range contents {
		in := manifest.Input{Name: "manifest-" + string(rune('a'+i)) + ".csv", Reader: bytes.NewReader(content), Size: int64(len(content))}
		source, err := engine.OpenSource(w.Context(), in, espressif.Decoder{})
		if err != nil {
			w.Fatal(err)
		}
		sources = append(sources, source)
	}
	return sources
}

// An attempt is one run of an import. Change may modify its configuration.
type attempt struct {
	ctx    context.Context
	id     string // of an import to resume
	change func(*engine.Config, *engine.Import)
}

func (w *world) run(sources []*engine.Source, a attempt) (engine.Summary, string, error) {
	w.Helper()
	if a.ctx == nil {
		a.ctx = w.Context()
	}
	scan, err := engine.Scan(w.Context(), sources, w.settings, nil)
	if err != nil {
		w.Fatal(err)
	}
	config := engine.Config{Settings: w.settings, Target: w.target, AWS: w.aws, Limiters: w.limiters}
	i := engine.Import{ID: a.id, Sources: sources, Scan: scan}
	if a.id == "" {
		i.ID = uuid.Must(uuid.NewV7()).String()
		i.Journal, err = w.ledger.Begin(w.Context(), ledger.Import{
			ID: i.ID, Key: "key", Target: w.target, Manifests: scan.Manifests, Settings: "{}", Begun: time.Now(),
		})
	} else {
		i.Journal, err = w.ledger.Resume(w.Context(), a.id)
		i.Earlier = w.ledger.Records(w.Context(), a.id)
	}
	if err != nil {
		w.Fatal(err)
	}
	if a.change != nil {
		a.change(&config, &i)
	}
	summary, err := engine.Run(a.ctx, config, i)
	return summary, i.ID, err
}

// must runs an import that must succeed.
func (w *world) must(sources []*engine.Source) engine.Summary {
	w.Helper()
	summary, _, err := w.run(sources, attempt{})
	if err != nil {
		w.Fatalf("%v; failures: %+v", err, summary.Failures)
	}
	return summary
}

// records returns the records of an import.
func (w *world) records(id string) []ledger.Record {
	w.Helper()
	var all []ledger.Record
	for r, err := range w.ledger.Records(w.Context(), id) {
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}
