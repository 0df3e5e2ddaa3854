package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
)

// An alarm on a metric that no function writes never fires.
func TestAlarmsAndDashboardShowWhatThereIs(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	body, _ := parsed.Resources["Dashboard"].at("DashboardBody", "Fn::Sub").(string)
	var dashboard struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, w := range dashboard.Widgets {
		for _, m := range w.Properties.Metrics {
			if m[0] == metric.Namespace {
				shown[m[1].(string)] = true
				if m[2] != metric.Dimension {
					t.Errorf("metric %v", m)
				}
			}
		}
	}
	for _, name := range []functions.Metric{
		functions.MetricImported, functions.MetricUnchanged, functions.MetricFailed,
		functions.MetricRejected, functions.MetricSkipped, functions.MetricThrottled, functions.MetricCeiling,
	} {
		if !shown[string(name)] {
			t.Errorf("the dashboard does not show %s", name)
		}
		delete(shown, string(name))
	}
	for name := range shown {
		if !slices.Contains(metric.Names(), functions.Metric(name)) {
			t.Errorf("the dashboard shows %s, which nobody writes", name)
		}
	}
	watched := map[string]bool{}
	for _, id := range parsed.of("AWS::CloudWatch::Alarm") {
		r := parsed.Resources[id]
		if reference(list(r.at("AlarmActions"))[0]) != "NoticesTopic" {
			t.Errorf("%s tells nobody", id)
		}
		if metrics := r.at("Metrics"); metrics != nil {
			for _, m := range list(metrics)[1:] {
				watched[fmt.Sprint(at(m, "MetricStat", "Metric", "MetricName"), " ",
					reference(at(list(at(m, "MetricStat", "Metric", "Dimensions"))[0], "Value")))] = true
			}
			continue
		}
		dimension := list(r.at("Dimensions"))[0]
		watched[fmt.Sprint(r.at("MetricName"), " ", reference(at(dimension, "Value")))] = true
		if r.at("Namespace") == metric.Namespace &&
			(!slices.Contains(metric.Names(), functions.Metric(fmt.Sprint(r.at("MetricName")))) || at(dimension, "Name") != metric.Dimension) {
			t.Errorf("%s watches %v", id, r.at("MetricName"))
		}
	}
	for _, must := range []string{
		"ApproximateNumberOfMessagesVisible ManifestsDeadLetterQueue", "ApproximateNumberOfMessagesVisible DevicesDeadLetterQueue",
		"ApproximateNumberOfMessagesVisible ManifestsParkedQueue", "ApproximateNumberOfMessagesVisible DevicesParkedQueue",
		"StalledImports AWS::StackName", "StoppedImports AWS::StackName", "Undeliverable AWS::StackName", "Throttles ImporterFunction",
		"Failed AWS::StackName", "Imported AWS::StackName", "Unchanged AWS::StackName", "OldestDevice AWS::StackName",
	} {
		if !watched[must] {
			t.Errorf("no alarm on %s", must)
		}
	}
}
