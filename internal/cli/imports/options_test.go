package imports

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// --resume must continue with the options with which the import began.
func TestEveryOptionOfEveryFormatIsResumed(t *testing.T) {
	t.Parallel()
	for _, format := range vendors.Formats() {
		for _, option := range format.Options {
			repeatable, ok := strings.CutSuffix(string(option.Name), "s")
			if !slices.Contains(resumedFlags, string(option.Name)) && (!ok || !slices.Contains(resumedFlags, repeatable)) {
				t.Errorf("resume.go: resumedFlags lacks option %s of %s", option.Name, format.Vendor())
			}
		}
	}
	if !slices.Contains(pathFlags, strings.TrimSuffix(string(manifest.OptionSigners), "s")) {
		t.Error("resume.go: pathFlags lacks the signers")
	}
}

// Keys of the examples are derived from a seed in a public repository.
func TestTestMaterialDoesNotGetIntoAWS(t *testing.T) {
	t.Parallel()
	aws := ledger.Target{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	scan := &engine.ScanResult{Devices: 12, TestMaterial: 12}
	for name, test := range map[string]struct {
		target  func(*ledger.Target)
		scan    *engine.ScanResult
		allowed bool
		refused bool
	}{
		"AWS":              {refused: true},
		"allowed":          {allowed: true},
		"a vendor's":       {scan: &engine.ScanResult{Devices: 12}},
		"another endpoint": {target: func(t *ledger.Target) { t.Endpoint = "http://127.0.0.1:4566" }},
		"sandbox":          {target: func(t *ledger.Target) { t.Sandbox = "0198" }},
	} {
		c := &target.Connection{Target: aws}
		if test.target != nil {
			test.target(&c.Target)
		}
		err := RefuseTestMaterial(c, cmp.Or(test.scan, scan), test.allowed)
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}
