package imports

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/report"
)

// metricsInterval is the time between two versions of the file of --metrics.
const metricsInterval = 5 * time.Second

// A metricsFile keeps the file of --metrics up to date. A nil one does nothing.
type metricsFile struct {
	path, id string
	streams  terminal.Streams
	stop     chan struct{}
	stopped  sync.WaitGroup

	mutex  sync.Mutex
	latest engine.Progress
	warned bool
}

// metricsMark begins each file of metrics.
const metricsMark = "# HELP thingpress_"

// onlyMetrics returns an error if a file exists and has something else than metrics of an import, such as
// a manifest, which must not be replaced.
func onlyMetrics(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	head, err := io.ReadAll(io.LimitReader(file, int64(len(metricsMark))))
	if err == nil && len(head) > 0 && string(head) != metricsMark {
		return fmt.Errorf("%s has something else than metrics of an import", path)
	}
	return err
}

// startMetrics writes the file now and then until end is called. Without a path it returns nil.
func startMetrics(path string, i ledger.Import, streams terminal.Streams) *metricsFile {
	if path == "" {
		return nil
	}
	m := &metricsFile{path: path, id: i.ID, streams: streams, stop: make(chan struct{})}
	m.latest.Counts = i.Counts
	m.stopped.Go(func() {
		ticker := time.NewTicker(metricsInterval)
		defer ticker.Stop()
		for {
			m.write(ledger.StateRunning)
			select {
			case <-m.stop:
				return
			case <-ticker.C:
			}
		}
	})
	return m
}

// watch returns a handler of events that also notes the progress.
func (m *metricsFile) watch(next engine.Events) engine.Events {
	if m == nil {
		return next
	}
	return func(event engine.Event) {
		if e, ok := event.(engine.Progress); ok {
			m.mutex.Lock()
			m.latest = e
			m.mutex.Unlock()
		}
		next(event)
	}
}

// end writes the last version.
func (m *metricsFile) end(s report.Summary) {
	if m == nil {
		return
	}
	close(m.stop)
	m.stopped.Wait()
	m.latest = engine.Progress{Counts: s.Counts, Rate: s.Rate, Binding: s.Binding, Throttled: s.Throttled}
	if s.Ceiling != nil {
		m.latest.Ceiling = *s.Ceiling
	}
	m.write(s.State)
}

// write writes a version. The first error is noted; the import goes on.
func (m *metricsFile) write(state ledger.State) {
	m.mutex.Lock()
	text := metricsText(m.id, state, m.latest, time.Now())
	m.mutex.Unlock()
	err := newfile.Write(m.path, func(to io.Writer) error {
		_, err := io.WriteString(to, text)
		return err
	})
	if err != nil && !m.warned {
		m.warned = true
		plain.Fprintf(m.streams.Err, "warning: --metrics: %v\n", err)
	}
}

// metricsText returns the metrics of an import.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
func metricsText(id string, state ledger.State, p engine.Progress, now time.Time) string {
	var b strings.Builder
	metric := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP thingpress_%s %s\n# TYPE thingpress_%s %s\n", name, help, name, kind)
	}
	value := func(name, more string, n float64) {
		fmt.Fprintf(&b, "thingpress_%s{import=%q%s} %g\n", name, id, more, n)
	}
	gauge := func(name, help string, n float64) {
		metric(name, "gauge", help)
		value(name, "", n)
	}
	gauge("import_entries", "Entries of the import.", float64(p.Counts.Entries))
	metric("import_outcomes", "gauge", "Entries by outcome, including those of earlier runs.")
	for outcome, n := range report.Outcomes(p.Counts, p.Counts.Pending()) {
		value("import_outcomes", fmt.Sprintf(",outcome=%q", outcome), float64(n))
	}
	metric("import_state", "gauge", "1 for the state of the import.")
	for _, s := range stateNames() {
		value("import_state", fmt.Sprintf(",state=%q", s), boolean(s == string(state)))
	}
	gauge("import_devices_per_second", "Rate over the last seconds, or of the whole run after its end.", p.Rate)
	if p.Ceiling > 0 && !math.IsInf(p.Ceiling, 1) {
		metric("import_ceiling_devices_per_second", "gauge", "Rate that the quotas allow, with the operation that limits it.")
		value("import_ceiling_devices_per_second", fmt.Sprintf(",operation=%q", p.Binding), p.Ceiling)
	}
	if p.Left > 0 {
		gauge("import_left_seconds", "Estimate of the remaining time.", p.Left.Seconds())
	}
	gauge("import_in_flight_devices", "Devices that are being worked on.", float64(p.InFlight))
	gauge("import_paused", "1 while nothing answers.", boolean(p.Paused))
	metric("import_throttled_calls_total", "counter", "Calls of this run that AWS refused because of their rate.")
	value("import_throttled_calls_total", "", float64(p.Throttled))
	metric("import_updated_timestamp_seconds", "gauge", "Time of these metrics.")
	fmt.Fprintf(&b, "thingpress_import_updated_timestamp_seconds{import=%q} %d\n", id, now.Unix())
	return b.String()
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
