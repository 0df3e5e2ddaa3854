package device

import (
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Rows is how what an entry of a manifest asks for its own device goes together with what its import says.
type Rows string

// Values of [Rows]. A device has one thing type, billing group and status, and one value of each
// attribute: with RowsAdd, too, those of the entry are the ones that count.
const (
	RowsAdd     Rows = ""        // policies, thing groups and attributes of the entry join those of the import
	RowsReplace Rows = "replace" // each kind that the entry names stands instead of that of the import
	RowsIgnore  Rows = "ignore"  // what entries ask for does not count
)

// For returns what is wanted of one device, and nil if its entry asks for nothing of its own. It checks names
// and limits as [Attachments.Faults] does. Its errors carry [manifest.ReasonBadSettings].
func (w *Wanted) For(d *manifest.Device) (*Wanted, error) {
	s := d.Settings
	if s == nil || w.Rows == RowsIgnore || isEmpty(s) {
		return nil, nil //nolint:nilnil // most devices have no settings of their own
	}
	own := *w
	a := &own.Attachments
	replace := w.Rows == RowsReplace
	a.Policies = withNames(a.Policies, s.Policies, replace)
	a.ThingGroups = withNames(a.ThingGroups, s.ThingGroups, replace)
	if s.ThingType != "" {
		a.ThingType = s.ThingType
	}
	if s.BillingGroup != "" {
		a.BillingGroup = s.BillingGroup
	}
	if s.Status != "" {
		own.Status = iot.Status(strings.ToUpper(s.Status))
	}
	if own.Status != iot.StatusActive && own.Status != iot.StatusInactive {
		return nil, manifest.Errorf(manifest.ReasonBadSettings, "status %s: it is neither ACTIVE nor INACTIVE", manifest.Quote(s.Status))
	}
	var err error
	if a.Attributes, err = withAttributes(a.Attributes, s.Attributes, replace); err != nil {
		return nil, err
	}
	if faults := a.Faults(); len(faults) > 0 {
		return nil, manifest.Errorf(manifest.ReasonBadSettings, "%s", faults[0].String())
	}
	return &own, nil
}

func isEmpty(s *manifest.Settings) bool {
	return len(s.Policies)+len(s.ThingGroups)+len(s.Attributes) == 0 && s.ThingType == "" && s.BillingGroup == "" && s.Status == ""
}

// withNames returns the names of the import and those of an entry, each once. It changes neither.
func withNames(imports, own []string, replace bool) []string {
	if len(own) == 0 {
		return imports
	}
	var names []string
	if !replace {
		names = append(names, imports...)
	}
	for _, name := range own {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// withAttributes is like withNames for attributes, of which an entry's stands instead of one of the same name.
// An entry has values and no templates.
func withAttributes(imports []Attribute, own map[string]string, replace bool) ([]Attribute, error) {
	if len(own) == 0 {
		return imports, nil
	}
	var list []Attribute
	for _, a := range imports {
		if _, replaced := own[a.Name]; !replaced && !replace {
			list = append(list, a)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		value := own[name]
		if err := checkAttributeValue(value); err != nil {
			return nil, manifest.Errorf(manifest.ReasonBadSettings, "attribute %s: %w", manifest.Quote(name), err)
		}
		text, err := manifest.ParseTemplate(value) // a value that AWS IoT takes has no braces
		if err != nil {
			return nil, err
		}
		list = append(list, Attribute{Name: name, Value: text})
	}
	return list, nil
}
