package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/manifest"
)

// rowJSON is the form in which ledgers keep what an entry asked for its device. Attributes differ from device
// to device, so only their names are kept: the form is the same for many devices.
type rowJSON struct {
	Policies     []string `json:"policies,omitempty"`
	ThingGroups  []string `json:"thing_groups,omitempty"`
	ThingType    string   `json:"thing_type,omitempty"`
	BillingGroup string   `json:"billing_group,omitempty"`
	Status       string   `json:"status,omitempty"`
	Attributes   []string `json:"attributes,omitempty"`
}

// rowText returns what a ledger keeps of the settings of a task's entry; empty if they do not count.
func rowText(t *task) (string, error) {
	if t.wanted == nil || t.wanted.Rows == device.RowsIgnore {
		return "", nil
	}
	return RowText(t.device.Settings)
}

// RowText returns what a ledger keeps of what an entry asked for its device; empty if that is nothing.
func RowText(s *manifest.Settings) (string, error) {
	if s == nil {
		return "", nil
	}
	row := rowJSON{s.Policies, s.ThingGroups, s.ThingType, s.BillingGroup, s.Status, slices.Sorted(maps.Keys(s.Attributes))}
	text, err := json.Marshal(row)
	if string(text) == "{}" {
		return "", err
	}
	return string(text), err
}

// ParseRow returns what an entry asked for its device from the text that a ledger kept of it, with the names
// of attributes and without their values; nil if the text is empty.
func ParseRow(text string) (*manifest.Settings, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // the entry asked for nothing
	}
	var in rowJSON
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, fmt.Errorf("settings of an entry in the ledger: %w", err)
	}
	s := &manifest.Settings{
		Policies: in.Policies, ThingGroups: in.ThingGroups, ThingType: in.ThingType, BillingGroup: in.BillingGroup, Status: in.Status,
	}
	for _, name := range in.Attributes {
		if s.Attributes == nil {
			s.Attributes = map[string]string{}
		}
		s.Attributes[name] = ""
	}
	return s, nil
}
