package metric_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
)

// CloudWatch silently ignores a line that does not have exactly its format.
func TestLinesAreOfCloudWatchsFormat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		err := metric.New(&out, "line-1").Put(map[stack.Metric]float64{stack.MetricImported: 12, stack.MetricCeiling: 9.87})
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 || out.Bytes()[out.Len()-1] != '\n' {
			t.Fatalf("not one line: %q", &out)
		}
		var have map[string]any
		if err := json.Unmarshal(out.Bytes(), &have); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"_aws": map[string]any{
				"Timestamp": float64(time.Now().UnixMilli()),
				"CloudWatchMetrics": []any{map[string]any{
					"Namespace":  "Thingpress",
					"Dimensions": []any{[]any{"Stack"}},
					"Metrics": []any{
						map[string]any{"Name": "Ceiling", "Unit": "Count/Second"},
						map[string]any{"Name": "Imported", "Unit": "Count"},
					},
				}},
			},
			"Stack": "line-1", "Imported": 12.0, "Ceiling": 9.87,
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Error(diff)
		}
	})
}

// A number that JSON cannot represent would lose the whole line.
func TestAnUnlimitedCeilingDoesNotLoseTheOthers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := metric.New(&out, "s")
	if err := w.Put(map[stack.Metric]float64{stack.MetricCeiling: math.Inf(1)}); err != nil || out.Len() > 0 {
		t.Fatalf("%q, %v", &out, err)
	}
	if err := w.Put(map[stack.Metric]float64{stack.MetricCeiling: math.NaN(), stack.MetricFailed: 1}); err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := json.Unmarshal(out.Bytes(), &have); err != nil || have["Failed"] != 1.0 || have["Ceiling"] != nil {
		t.Errorf("%q, %v", &out, err)
	}
}
