package imports

import (
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// --resume must continue with the options with which the import began.
func TestEveryOptionOfEveryFormatIsResumed(t *testing.T) {
	t.Parallel()
	for _, format := range vendors.Formats() {
		for _, option := range format.Options {
			if !slices.Contains(resumedFlags, strings.TrimSuffix(string(option.Name), "s")) {
				t.Errorf("resume.go: resumedFlags lacks option %s of %s", option.Name, format.Vendor())
			}
		}
	}
	if !slices.Contains(pathFlags, strings.TrimSuffix(string(manifest.OptionSigners), "s")) {
		t.Error("resume.go: pathFlags lacks the signers")
	}
}
