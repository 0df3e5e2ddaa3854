// Package metric writes the metrics of a stack's functions as log lines in
// CloudWatch's embedded metric format. CloudWatch extracts the metrics from the
// lines, so there is no call that could fail.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package metric

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
)

// Namespace and Dimension apply to all metrics. The value of the dimension is the
// name of the stack.
const (
	Namespace = "Thingpress"
	Dimension = "Stack"
)

// Names returns the names of all metrics.
func Names() []stack.Metric {
	return []stack.Metric{
		stack.MetricImported, stack.MetricUnchanged, stack.MetricFailed, stack.MetricRejected, stack.MetricSkipped, stack.MetricThrottled,
		stack.MetricCeiling, stack.MetricStalledImports, stack.MetricStoppedImports, stack.MetricHandedBack, stack.MetricUndeliverable,
		stack.MetricOldestDevice,
	}
}

func unit(n stack.Metric) string {
	switch n {
	case stack.MetricCeiling:
		return "Count/Second"
	case stack.MetricOldestDevice:
		return "Seconds"
	}
	return "Count"
}

// A Writer writes metrics. It is safe for concurrent use.
type Writer struct {
	stack string

	mu  sync.Mutex
	out io.Writer
}

// New returns a writer of one stack's metrics. Each line is one call of Write.
func New(out io.Writer, stack string) *Writer { return &Writer{stack: stack, out: out} }

// Put writes all the values in one line. It leaves out values that are not finite,
// such as the ceiling if no quota limits it, and writes nothing if none is left.
func (w *Writer) Put(values map[stack.Metric]float64) error {
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	line := map[string]any{Dimension: w.stack}
	var metrics []metric
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if math.IsInf(value, 0) || math.IsNaN(value) {
			continue
		}
		line[string(name)] = value
		metrics = append(metrics, metric{string(name), unit(name)})
	}
	if len(metrics) == 0 {
		return nil
	}
	line["_aws"] = map[string]any{
		"Timestamp":         time.Now().UnixMilli(),
		"CloudWatchMetrics": []directive{{Namespace, [][]string{{Dimension}}, metrics}},
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}
