package decode

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// asking returns a worker, and a device whose entry asks for something.
func asking(w *world, settings manifest.Settings) (*worker, *manifest.Device) {
	p := &process{world: w}
	worker := &worker{h: p.handler(config()), allowed: stack.Allowed{Policies: []string{"line-7", "gone"}, Attributes: []string{"site"}}}
	worker.soft = context.Background()
	return worker, &manifest.Device{ThingName: "d", Settings: &settings}
}

// An entry that may not have what it asks for is rejected. What is allowed and does not exist would stop every
// device, so it ends the import before the first of them.
func TestEntryThatAsksForTooMuchIsRejectedAndForTooLittleIsNot(t *testing.T) {
	t.Parallel()
	var stop *stopError
	for i, test := range []struct {
		asked  manifest.Settings
		reason manifest.Reason
		stops  bool
	}{
		{manifest.Settings{Policies: []string{"line-7"}, Attributes: map[string]string{"site": "a"}}, "", false},
		{manifest.Settings{Policies: []string{"admin"}}, manifest.ReasonBadSettings, false},
		{manifest.Settings{Attributes: map[string]string{"site": "a b"}}, manifest.ReasonBadSettings, false},
		{manifest.Settings{Attributes: map[string]string{"role": "a"}}, manifest.ReasonBadSettings, false},
		{manifest.Settings{Policies: []string{"gone"}}, "", true},
	} {
		w := newWorld()
		w.policies = append(w.policies, "line-7")
		worker, d := asking(w, test.asked)
		attributes, rejected, err := worker.fillAttributes(d)
		if errors.As(err, &stop) != test.stops || (rejected != nil) != (test.reason != "") || rejected != nil && rejected.Reason != test.reason {
			t.Errorf("%d: %v, %v, %v", i, attributes, rejected, err)
		}
		if i == 0 && fmt.Sprint(attributes) != "map[site:a]" {
			t.Errorf("attributes: %v", attributes)
		}
	}
}

// varied returns a table whose rows ask for different policies, or for one that is not allowed.
func varied(t testing.TB, entries int) made {
	t.Helper()
	m := generated(t, "csv", entries, 0.2)
	m.parameters = map[string]string{"CsvColumns": "cert=5,check=1,policy=2", "AllowedPolicies": "line-7,line-8"}
	m.policies, m.asked = []string{"line-7", "line-8"}, map[int]string{}
	rows, err := csv.NewReader(bytes.NewReader(m.content)).ReadAll()
	if err != nil || len(rows) != entries {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i := range rows {
		rows[i][1] = []string{"", "line-7", "line-7", "line-8", "admin"}[i%5]
		switch _, bad := m.rejected[i]; {
		case bad:
		case rows[i][1] == "admin":
			m.rejected[i] = string(manifest.ReasonBadSettings)
		case rows[i][1] != "":
			m.asked[i] = fmt.Sprintf(`{"policies":[%q]}`, rows[i][1])
		}
	}
	var content bytes.Buffer
	if err := csv.NewWriter(&content).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	m.content = content.Bytes()
	return m
}
