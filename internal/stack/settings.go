package stack

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/manifest"
)

// FreezeSettings returns what a job keeps of the settings that it began with,
// so that all its functions do the same to the end of the import, whatever
// becomes of the stack's parameters: the settings as ledgers keep them, and
// the time against which validity is held. Signers are pinned elsewhere.
func FreezeSettings(s engine.Settings, now time.Time) (string, error) {
	text, err := json.Marshal(struct {
		Settings engine.Settings `json:"settings"`
		Now      time.Time       `json:"now"`
	}{s, now.UTC()})
	if err != nil {
		return "", fmt.Errorf("settings of the import: %w", err)
	}
	return string(text), nil
}

// ParseSettings reads what [FreezeSettings] returned. The settings are without
// signers, of which only the digests are kept.
func ParseSettings(text string) (engine.Settings, error) {
	var frozen struct {
		Settings struct {
			Policies     []string         `json:"policies"`
			ThingGroups  []string         `json:"thing_groups"`
			ThingType    string           `json:"thing_type"`
			BillingGroup string           `json:"billing_group"`
			Status       iot.Status       `json:"status"`
			ThingName    string           `json:"thing_name"`
			AllowExpired bool             `json:"allow_expired"`
			Slot         string           `json:"slot"`
			Bundle       string           `json:"bundle"`
			Limits       *manifest.Limits `json:"limits"`
		} `json:"settings"`
		Now time.Time `json:"now"`
	}
	if err := json.Unmarshal([]byte(text), &frozen); err != nil {
		return engine.Settings{}, fmt.Errorf("settings of the import: %w", err)
	}
	f := frozen.Settings
	name, err := manifest.ParseTemplate(f.ThingName)
	if err != nil {
		return engine.Settings{}, fmt.Errorf("settings of the import: %w", err)
	}
	s := engine.Settings{
		Attachments: device.Attachments{
			Policies: f.Policies, ThingGroups: f.ThingGroups, ThingType: f.ThingType, BillingGroup: f.BillingGroup,
		},
		Status: f.Status,
		Decode: manifest.Options{
			ThingName: name, AllowExpired: f.AllowExpired, Slot: f.Slot, Bundle: f.Bundle, Now: frozen.Now,
		},
	}
	if f.Limits != nil {
		s.Decode.Limits = *f.Limits
	}
	return s, nil
}
