package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/thingpress/thingpress/stack"
)

// A template is the part of the stack's template that a test can execute.
type template struct {
	Parameters map[string]struct{ Default any }
	Mappings   map[string]map[string]map[string]string
	Resources  map[string]struct {
		Type       string
		Properties struct {
			Handler, FunctionName any
			Timeout               int
			Environment           struct{ Variables map[string]json.RawMessage }
			Value                 struct {
				Sub string `json:"Fn::Sub"`
			}
			BatchSize                      json.RawMessage
			MaximumBatchingWindowInSeconds int
			FunctionResponseTypes          []string
			EventSourceArn                 struct {
				GetAtt []string `json:"Fn::GetAtt"`
			}
		}
	}
}

func readTemplate(t *testing.T) *template {
	t.Helper()
	var read template
	if err := json.Unmarshal(stack.Template, &read); err != nil {
		t.Fatal(err)
	}
	return &read
}

// environment resolves the variables of a function: references to values, and to
// parameters with their defaults.
func (f *template) environment(t *testing.T, function string, values map[string]string) (env []string) {
	t.Helper()
	variables := f.Resources[function].Properties.Environment.Variables
	if len(variables) == 0 {
		t.Fatalf("template: %s has no environment", function)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		var value string
		var reference struct {
			Ref  string
			Find []string `json:"Fn::FindInMap"`
		}
		if json.Unmarshal(variables[name], &value) != nil {
			raw := variables[name]
			var choice struct {
				If []json.RawMessage `json:"Fn::If"`
			}
			if json.Unmarshal(raw, &choice) == nil && len(choice.If) == 3 { // nothing is taken over from an earlier stack
				raw = choice.If[1]
			}
			switch err := json.Unmarshal(raw, &reference); {
			case err == nil && reference.Ref != "":
				value = f.value(t, reference.Ref, values)
			case err == nil && len(reference.Find) == 3:
				value = f.Mappings[reference.Find[0]][reference.Find[1]][reference.Find[2]]
			default:
				t.Fatalf("template: %s: %s is %s, neither text nor a reference", function, name, variables[name])
			}
		}
		env = append(env, name+"="+value)
	}
	return env
}

// value returns the value of a reference, or the default of a parameter.
func (f *template) value(t *testing.T, reference string, values map[string]string) string {
	t.Helper()
	if value, ok := values[reference]; ok {
		return value
	}
	parameter, ok := f.Parameters[reference]
	if !ok {
		t.Fatalf("template: it refers to %s, which this test does not have", reference)
	}
	return fmt.Sprint(parameter.Default)
}

// settings returns the value of the SSM parameter from which imports take their settings.
func (f *template) settings(t *testing.T, values map[string]string) string {
	t.Helper()
	return os.Expand(f.Resources["SettingsParameter"].Properties.Value.Sub, func(name string) string { return f.value(t, name, values) })
}

// timeout returns a function's timeout.
func (f *template) timeout(function string) time.Duration {
	return time.Duration(f.Resources[function].Properties.Timeout) * time.Second
}

// number returns a number, or the default of the parameter that stands for it.
func (f *template) number(t *testing.T, text json.RawMessage) (n int) {
	t.Helper()
	var reference struct{ Ref string }
	if json.Unmarshal(text, &n) == nil {
		return n
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatalf("template: %s is neither a number nor a reference", text)
	}
	value, ok := f.Parameters[reference.Ref].Default.(float64)
	if !ok {
		t.Fatalf("template: %s is not a number", reference.Ref)
	}
	return int(value)
}

// source returns batch size and window of a queue's event source. It checks that
// the event source reports failed messages, as this test's sources assume.
func (f *template) source(t *testing.T, queue string) (size int, window time.Duration) {
	t.Helper()
	for name, r := range f.Resources {
		if r.Type != "AWS::Lambda::EventSourceMapping" || !slices.Contains(r.Properties.EventSourceArn.GetAtt, queue) {
			continue
		}
		if !slices.Contains(r.Properties.FunctionResponseTypes, "ReportBatchItemFailures") {
			t.Errorf("template: %s does not report what failed", name)
		}
		return f.number(t, r.Properties.BatchSize), time.Duration(r.Properties.MaximumBatchingWindowInSeconds) * time.Second
	}
	t.Fatalf("template: no function takes the messages of %s", queue)
	return 0, 0
}
