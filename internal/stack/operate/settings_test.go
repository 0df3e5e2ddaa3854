package operate

import (
	"encoding/json"
	"testing"

	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
	"github.com/thingpress/thingpress/stack"
)

// The check before an upload would decode otherwise than the stack does.
func TestEveryOptionOfEveryFormatIsAParameterOfTheTemplate(t *testing.T) {
	t.Parallel()
	var template struct{ Parameters map[string]any }
	if err := json.Unmarshal(stack.Template, &template); err != nil {
		t.Fatal(err)
	}
	for _, format := range vendors.Formats() {
		for _, option := range format.Options {
			if option.Name == manifest.OptionSigners {
				continue // they are in the signer bucket
			}
			if name := functions.OptionParameter(option.Name); template.Parameters[name] == nil {
				t.Errorf("parameters.go: option %s of %s has no parameter of the template", option.Name, format.Vendor())
			}
		}
	}
}

// An operator knows the parameters of the template, not the variables of the functions.
func TestConfigurationComesFromParametersAndIsRefusedByTheirNames(t *testing.T) {
	t.Parallel()
	f := &faulty{tb: t, status: "CREATE_COMPLETE"}
	config, parameters, err := f.account().Configuration(t.Context(), "line", stack.Template, map[string]string{
		"IoTPolicies": `a\,b,c`, "QuotaShare": "0.5", "MaxConcurrency": "7",
	})
	if err != nil || config.Share != 0.5 || config.MaxConcurrency != 7 || len(parameters.Attachments.Policies) != 2 {
		t.Errorf("%+v, %+v, %v", config, parameters, err)
	}
	_, _, err = f.account().Configuration(t.Context(), "line", stack.Template, map[string]string{
		"IoTThingAttributes": "line", "IoTThingGroups": "a,,b",
	})
	want := "IoTThingGroups has an empty name between its commas\nIoTThingAttributes: \"line\" is not of the form name=value"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
