package policy_test

import (
	"fmt"

	"github.com/thingpress/thingpress/policy"
)

const document = `{"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/*"},
 {"Effect": "Allow", "Action": "iot:Publish",
  "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}/*"}]}`

func ExampleEvaluate() {
	parsed, err := policy.Parse(document)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := policy.Connection{
		Target:   policy.Target{Region: "us-east-1", Account: "123456789012"},
		ClientID: "sensor-1",
		Things:   []policy.Thing{{Name: "other"}},
	}
	d := policy.Evaluate([]*policy.Document{parsed}, c, policy.Publish("sensor-1/telemetry"))
	fmt.Println(d.Outcome)
	for _, v := range d.Variables {
		fmt.Println(v.Name, v.Reason)
	}
	// Output:
	// implicit-deny
	// iot:Connection.Thing.ThingName no-thing
}

func ExampleLint() {
	parsed, err := policy.Parse(document)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range policy.Lint([]*policy.Document{parsed}, policy.Context{}) {
		fmt.Println(f.Rule, f.Severity, f.Position.Line, f.Text)
	}
	// Output:
	// L1 critical 2 arn:aws:iot:us-east-1:123456789012:client/*
}
