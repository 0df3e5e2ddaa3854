package policy

import (
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
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

// measure reports decisions a second of processor time, and how many times as many they are as those of
// the evaluator with regular expressions in the same run. Other programs take no part in processor time.
func measure(b *testing.B, document *Document, decide func(decisions int)) {
	const naive = 2_000
	c := benchmarkConnection()
	before := processorTime()
	for i := range naive {
		regexpAllows(document, c, benchmarkRequests[i%len(benchmarkRequests)])
	}
	slow := (processorTime() - before).Seconds() / naive
	b.ReportAllocs()
	b.ResetTimer()
	before = processorTime()
	decide(b.N)
	each := (processorTime() - before).Seconds() / float64(b.N)
	b.ReportMetric(1/each, "decisions/s")
	b.ReportMetric(slow/each, "times-regexp")
}

func benchmarkDocument(b *testing.B) *Document {
	document, err := Parse(benchmarkPolicy)
	if err != nil {
		b.Fatal(err)
	}
	return document
}

// BenchmarkDecide measures outcomes without their explanation.
func BenchmarkDecide(b *testing.B) {
	document := benchmarkDocument(b)
	c, p := benchmarkConnection(), Compile(document)
	measure(b, document, func(decisions int) {
		for i := range decisions {
			p.Decide(c, benchmarkRequests[i%len(benchmarkRequests)])
		}
	})
}

// BenchmarkFleet measures outcomes of 20 requests for each of many devices, with the topics of each device
// made up, on all processors.
func BenchmarkFleet(b *testing.B) {
	document := benchmarkDocument(b)
	p := Compile(document)
	const requests = 20
	measure(b, document, func(decisions int) {
		var next atomic.Int64
		var wait sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wait.Go(func() {
				for {
					device := next.Add(1)
					if device*requests > int64(decisions)+requests {
						return
					}
					decideForDevice(p, "sensor-"+strconv.FormatInt(device, 10))
				}
			})
		}
		wait.Wait()
	})
}

// decideForDevice decides 20 requests of a device.
func decideForDevice(p *Policies, name string) {
	c := benchmarkConnection()
	c.ClientID, c.Things = name, []Thing{{Name: name}}
	p.Decide(c, Connect())
	for _, topic := range [...]string{"telemetry", "state", "alarms", "commands/restart", "firmware", "log"} {
		topic = name + "/" + topic
		p.Decide(c, Publish(topic))
		p.Decide(c, Subscribe(topic))
		p.Decide(c, Receive(topic))
	}
	p.Decide(c, Publish("$aws/things/"+name+"/shadow/update"))
}

// BenchmarkEvaluate measures decisions with their explanation.
func BenchmarkEvaluate(b *testing.B) {
	document := benchmarkDocument(b)
	c, p := benchmarkConnection(), Compile(document)
	measure(b, document, func(decisions int) {
		for i := range decisions {
			p.Evaluate(c, benchmarkRequests[i%len(benchmarkRequests)])
		}
	})
}

// BenchmarkLintDevice measures what the linter costs for each device.
func BenchmarkLintDevice(b *testing.B) {
	document := benchmarkDocument(b)
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
