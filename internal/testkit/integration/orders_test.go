package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
	deployed "github.com/thingpress/thingpress/stack"
)

// order gives an import an order, as thingpress cancel and the like do.
func (l *line) order(t *testing.T, id, kind string) {
	t.Helper()
	order := stack.Order{Kind: kind, By: "arn:aws:iam::111122223333:user/operator", At: time.Now()}
	if _, err := l.ledger.SetOrder(t.Context(), id, order); err != nil {
		t.Fatal(err)
	}
	if err := l.manifests.Send(t.Context(), stack.Task{Kind: stack.TaskContinue, Import: id}.Message(0).Body); err != nil {
		t.Fatal(err)
	}
}

// cutShort cancels an import in the middle, waits for its end, and retries it. It returns when the retry
// has begun. The line decodes and does not import; a stop of each in turn leaves devices for the retry, however fast
// the other is.
func (l *line) cutShort(t *testing.T, o stacktest.Object) {
	t.Helper()
	const some = 50
	l.until(t, func() (string, error) {
		if job := l.jobOf(t, o); job.Sent < some {
			return fmt.Sprintf("%d devices are sent: %q %s", job.Sent, job.Phase, job.Cause), nil
		}
		return "", nil
	})
	l.decoding.Stop()
	l.startImporting(t)
	l.until(t, func() (string, error) {
		if counts := l.counts(t, o); counts.Imported < some {
			return fmt.Sprintf("%d devices are imported, too few to cancel", counts.Imported), nil
		}
		return "", nil
	})
	id := l.jobOf(t, o).Import
	l.order(t, id, stack.OrderCancel)
	l.startDecoding(t)
	l.until(t, func() (string, error) {
		job, err := l.ledger.Get(t.Context(), id)
		if err != nil || job.Phase != stack.PhaseDone {
			return fmt.Sprintf("the cancelled import is in phase %s", job.Phase), err
		}
		return "", nil
	})
	job, i := l.job(t, o)
	if i.State != ledger.StateStopped || !job.Cancelled() || i.Counts.Pending() == 0 || i.Counts.Imported < some {
		t.Errorf("cancelled: state %s, order %+v, %+v", i.State, job.Order, i.Counts)
	}
	t.Logf("%s: cancelled with %+v", l.name, i.Counts)
	l.order(t, id, stack.OrderRetry)
	l.until(t, func() (string, error) {
		job, i := l.job(t, o)
		if job.Order.Kind == stack.OrderRetry || i.State == ledger.StateStopped {
			return "the retry has not begun", nil
		}
		return "", nil
	})
}

// alarmed checks that CloudWatch would find the metric of each alarm of the template in the logs. Rings
// are the metrics that must have rung their alarms.
func alarmed(t *testing.T, lines []*line, rings ...stack.Metric) {
	t.Helper()
	type reference struct {
		Namespace, MetricName string
	}
	var parsed struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				reference
				Metrics []struct{ MetricStat struct{ Metric reference } }
			}
		}
	}
	if err := json.Unmarshal(deployed.Template, &parsed); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]string{} // the alarm by its metric
	for id, r := range parsed.Resources {
		watched := []reference{r.Properties.reference}
		for _, m := range r.Properties.Metrics {
			watched = append(watched, m.MetricStat.Metric)
		}
		for _, m := range watched {
			if r.Type == "AWS::CloudWatch::Alarm" && m.Namespace == metric.Namespace {
				wanted[m.MetricName] = id
			}
		}
	}
	most := map[string]float64{}
	for _, l := range lines {
		for _, text := range l.log.lines() {
			var line map[string]any
			if !strings.Contains(text, `"_aws"`) || json.Unmarshal([]byte(text), &line) != nil || line[metric.Dimension] != l.name {
				continue
			}
			for name, value := range line {
				if n, ok := value.(float64); ok {
					most[name] = max(most[name], n)
				}
			}
		}
	}
	if len(wanted) < 5 {
		t.Errorf("the template has alarms on %v only", wanted)
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := most[name]; !ok {
			t.Errorf("no line of a log has %s, for %s", name, wanted[name])
		}
	}
	for _, name := range rings {
		if most[string(name)] <= 0 || wanted[string(name)] == "" {
			t.Errorf("%s is %g, which rings no alarm", name, most[string(name)])
		}
	}
}
