package stack

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
)

// frozen is what a job keeps of the settings that it began with, so that all
// functions do the same to the end of the import, whatever becomes of the
// stack's parameters.
type frozen struct {
	Settings engine.Settings `json:"settings"`
	// Now is the time against which validity is held.
	Now time.Time `json:"now"`
}

// FreezeSettings returns what a job keeps of settings. Signers are pinned elsewhere.
func FreezeSettings(s engine.Settings, now time.Time) (string, error) {
	text, err := json.Marshal(frozen{s, now.UTC()})
	if err != nil {
		return "", fmt.Errorf("settings of the import: %w", err)
	}
	return string(text), nil
}

// ParseSettings reads what [FreezeSettings] returned. The settings are without signers.
func ParseSettings(text string) (engine.Settings, error) {
	var f frozen
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return engine.Settings{}, fmt.Errorf("settings of the import: %w", err)
	}
	f.Settings.Decode.Now = f.Now
	return f.Settings, nil
}
