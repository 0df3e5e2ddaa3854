package stack_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
)

// before is what a version without attributes left in queue and table: a message of
// the devices queue, the settings of an import, and the items of the table.
type before struct{ Message, Settings string }

func readBefore(t *testing.T) before {
	t.Helper()
	text, err := os.ReadFile("testdata/before.json")
	if err != nil {
		t.Fatal(err)
	}
	var b before
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// A stack may be updated while messages wait and imports are running.
func TestMessagesOfTheVersionBeforeAreRead(t *testing.T) {
	t.Parallel()
	b := readBefore(t)
	m, err := stack.ParseDeviceMessage(b.Message)
	if err != nil {
		t.Fatal(err)
	}
	if m.Entry != 1 || m.ThingName != "b" || m.ID != "M1" || m.Attempt != 2 || m.Cause != "throttled" || m.Attributes != nil {
		t.Errorf("%+v", m)
	}
	if again := m.Message(0).Body; again != b.Message { // the previous version may receive it as well
		t.Errorf("%s comes back as %s", b.Message, again)
	}
}

func TestSettingsOfTheVersionBeforeAreRead(t *testing.T) {
	t.Parallel()
	b := readBefore(t)
	s, err := stack.ParseSettings(b.Settings)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := stack.FreezeSettings(s, stack.Allowed{}, s.Decode.Now); err != nil || again != b.Settings {
		t.Errorf("%s comes back as %s, %v", b.Settings, again, err)
	}
	if len(s.Attachments.Policies) != 2 || s.Decode.ThingName.String() != "line-{mac}" || s.Decode.Bundle != "E0E1" {
		t.Errorf("%+v", s)
	}
}
