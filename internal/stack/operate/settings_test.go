package operate

import (
	"encoding/json"
	"testing"

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
			if name := optionParameters[option.Name]; template.Parameters[name] == nil {
				t.Errorf("settings.go: option %s of %s has no parameter of the template", option.Name, format.Vendor())
			}
		}
	}
}
