package policy

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// benchmarkPolicy is a policy of the usual size: four statements with the variables of a thing.
const benchmarkPolicy = `{"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}"},
 {"Effect": "Allow", "Action": "iot:Publish", "Resource": [
  "arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}/*",
  "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"]},
 {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [
  "arn:aws:iot:us-east-1:123456789012:topicfilter/${iot:Connection.Thing.ThingName}/*",
  "arn:aws:iot:us-east-1:123456789012:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"]},
 {"Effect": "Allow", "Action": "iot:Receive", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/*"}]}`

// benchmarkRequests are those of a device, and some of an attacker.
var benchmarkRequests = []Request{
	Connect(), Publish("sensor-1/telemetry"), Publish("$aws/things/sensor-1/shadow/update"), Subscribe("sensor-1/commands/+"),
	Subscribe("$aws/things/sensor-1/shadow/update/delta"), Receive("sensor-1/commands/restart"),
	Publish("$aws/things/sensor-2/shadow/update"), Subscribe("#"),
}

func benchmarkConnection() *Connection {
	return &Connection{
		Target: Target{Region: "us-east-1", Account: "123456789012"}, ClientID: "sensor-1", Things: []Thing{{Name: "sensor-1"}},
	}
}

// regexpAllows is the evaluator that one writes first: it puts the variables in, makes a regular
// expression of each resource and tries them in order.
func regexpAllows(d *Document, c *Connection, r Request) bool {
	resource := string(r.appendResource(nil, c))
	allowed := false
	for _, s := range d.Statements {
		for _, action := range s.Actions {
			if action.Text != r.Action {
				continue
			}
			for _, one := range s.Resources {
				text := strings.ReplaceAll(one.Text, "${iot:Connection.Thing.ThingName}", c.Things[0].Name)
				text = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))
				if regexp.MustCompile("^" + text + "$").MatchString(resource) {
					if s.Effect == Deny {
						return false
					}
					allowed = true
				}
			}
		}
	}
	return allowed
}

// BenchmarkDecide measures decisions a second on one core, and how many times as many they are as
// those of an evaluator with regular expressions in the same run.
func BenchmarkDecide(b *testing.B) {
	document, err := Parse(benchmarkPolicy)
	if err != nil {
		b.Fatal(err)
	}
	c, p := benchmarkConnection(), Compile(document)
	const naive = 2_000
	start := time.Now()
	for i := range naive {
		regexpAllows(document, c, benchmarkRequests[i%len(benchmarkRequests)])
	}
	slow := time.Since(start).Seconds() / naive
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		p.Decide(c, benchmarkRequests[i%len(benchmarkRequests)])
	}
	each := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(1/each, "decisions/s")
	b.ReportMetric(slow/each, "times-regexp")
}

// BenchmarkEvaluate measures decisions with their explanation.
func BenchmarkEvaluate(b *testing.B) {
	document, err := Parse(benchmarkPolicy)
	if err != nil {
		b.Fatal(err)
	}
	c, p := benchmarkConnection(), Compile(document)
	b.ReportAllocs()
	for i := range b.N {
		p.Evaluate(c, benchmarkRequests[i%len(benchmarkRequests)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkLintDevice measures what the linter costs for each device.
func BenchmarkLintDevice(b *testing.B) {
	document, err := Parse(benchmarkPolicy)
	if err != nil {
		b.Fatal(err)
	}
	c, l := benchmarkConnection(), NewLinter([]*Document{document}, Context{})
	b.ReportAllocs()
	for range b.N {
		l.Device(c)
	}
}

func TestDecisionsWithoutConditionsDoNotAllocate(t *testing.T) {
	document, err := Parse(benchmarkPolicy)
	if err != nil {
		t.Fatal(err)
	}
	c, p := benchmarkConnection(), Compile(document)
	for i, r := range benchmarkRequests {
		if regexpAllows(document, c, r) != (p.Decide(c, r) == Allowed) {
			t.Errorf("%+v: the two evaluators differ", r)
		}
		if n := testing.AllocsPerRun(100, func() { p.Decide(c, benchmarkRequests[i]) }); n > 0 {
			t.Errorf("%+v: %v allocations", r, n)
		}
	}
}
