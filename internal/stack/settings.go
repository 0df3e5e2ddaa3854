package stack

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
)

// frozen is what a job stores of its settings. All functions use it until the import
// ends, even if the stack's parameters change.
type frozen struct {
	Settings engine.Settings `json:"settings"`
	// Now is the time at which certificates must be valid.
	Now time.Time `json:"now"`
	// Allowed are those of the parameters; nil in jobs of versions that did not know them.
	Allowed *Allowed `json:"allowed,omitempty"`
	// Asked is set if the ledger keeps what entries ask for. It is not in jobs of versions that did not, and
	// not without Allowed.
	Asked bool `json:"asked,omitempty"`
	// Provisional is set until the settings are read.
	Provisional bool `json:"provisional,omitempty"`
}

// ProvisionalSettings returns the settings of a job that has not read any yet.
func ProvisionalSettings(now time.Time) (string, error) {
	return freeze(frozen{Now: now.UTC(), Provisional: true})
}

// Provisional reports whether text was returned by [ProvisionalSettings].
func Provisional(text string) bool {
	var f frozen
	return json.Unmarshal([]byte(text), &f) == nil && f.Provisional
}

// FreezeSettings returns settings in the form in which a job stores them, without
// signers, which the job pins. Allowed is what entries may ask for.
func FreezeSettings(s engine.Settings, allowed Allowed, now time.Time) (string, error) {
	f := frozen{Settings: s, Now: now.UTC()}
	if !reflect.ValueOf(allowed).IsZero() {
		f.Allowed, f.Asked = &allowed, true
	}
	return freeze(f)
}

// ParseAllowed returns what entries may ask for, from the result of [FreezeSettings].
func ParseAllowed(text string) (Allowed, error) {
	var f struct {
		Allowed Allowed `json:"allowed"`
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return Allowed{}, fmt.Errorf("settings of the import: %w", err)
	}
	return f.Allowed, nil
}

// KeepsAsked reports whether the ledger has what entries of an import asked for, from the result of
// [FreezeSettings]. It is false for imports that an earlier version began while one of the parameters of [Allowed]
// was set.
func KeepsAsked(text string) (bool, error) {
	var f struct {
		Allowed json.RawMessage `json:"allowed"`
		Asked   bool            `json:"asked"`
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return false, fmt.Errorf("settings of the import: %w", err)
	}
	return f.Asked || f.Allowed == nil, nil
}

func freeze(f frozen) (string, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("settings of the import: %w", err)
	}
	return string(text), nil
}

// ParseSettings parses the result of [FreezeSettings]. The settings have no signers.
func ParseSettings(text string) (engine.Settings, error) {
	var f frozen
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return engine.Settings{}, fmt.Errorf("settings of the import: %w", err)
	}
	f.Settings.Decode.Now = f.Now
	return f.Settings, nil
}
