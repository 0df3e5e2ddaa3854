package stack_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// A stack of the version before is updated in place. A resource with another logical ID or
// type would be a new one, without what the old one has: messages, manifests, the ledger.
// Parameters keep their values, so none may go, and a new one needs a default.
func TestStackOfTheVersionBeforeKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	var before struct {
		Parameters, Outputs []string
		Resources           map[string]string // type by logical ID
	}
	text, err := os.ReadFile("testdata/before.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &before); err != nil {
		t.Fatal(err)
	}
	now := load(t)
	for id, kind := range before.Resources {
		if got := now.Resources[id].Type; got != kind {
			t.Errorf("%s was %s, and is %q", id, kind, got)
		}
	}
	for _, name := range before.Parameters {
		if now.Parameters[name] == nil {
			t.Errorf("the parameter %s is gone", name)
		}
	}
	for _, name := range before.Outputs {
		if _, there := now.Outputs[name]; !there {
			t.Errorf("the output %s is gone", name)
		}
	}
	for name, parameter := range now.Parameters {
		if _, has := parameter["Default"]; !has && !strings.HasPrefix(name, "Code") { // which deploy sets
			t.Errorf("the parameter %s has no default", name)
		}
	}
	table := now.Resources["LedgerTable"]
	key, _ := json.Marshal(table.at("KeySchema"))
	if want := `[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`; string(key) != want {
		t.Errorf("the ledger's key is %s: another one replaces the table", key)
	}
	for id, r := range now.Resources {
		for _, fixed := range []string{"BucketName", "TableName", "QueueName", "TopicName"} {
			if r.at(fixed) != nil && before.Resources[id] != "" {
				t.Errorf("%s has a fixed name: that replaces it", id)
			}
		}
	}
}
