package operate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// CloudFormation takes 1,024 bytes of description and returns them with the stack. moto drops the
// description of a change set, so a fake answers.
func TestAStackKnowsTheVersionThatDeployedIt(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(filepath.Join(require.Root(t), "stack", "expanded.json"))
	if err != nil {
		t.Fatal(err)
	}
	described, err := Versioned(template, "0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Description string
		Mappings    struct {
			Thingpress struct{ Release struct{ Version string } }
		}
		Resources map[string]json.RawMessage
	}
	if err := json.Unmarshal(described, &parsed); err != nil || len(parsed.Description) > 1024 || len(parsed.Resources) < 10 ||
		parsed.Mappings.Thingpress.Release.Version != "0.2.1" {
		t.Fatalf("%v: %d resources, %q", err, len(parsed.Resources), parsed.Description)
	}
	bare := strings.TrimSuffix(parsed.Description, versionMark+"0.2.1")
	for description, want := range map[string]string{parsed.Description: "0.2.1", bare: ""} {
		f := &faulty{tb: t, status: types.StackStatusCreateComplete, description: aws.String(description)}
		found, err := f.account().Find(t.Context(), "line")
		if err != nil || found.Version != want {
			t.Errorf("%v, version %q, want %q", err, found.Version, want)
		}
	}
}
