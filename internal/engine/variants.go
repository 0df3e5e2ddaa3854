package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// A Variant is one combination of policies, thing groups, thing type, billing group and status that entries
// asked for, joined with what their import says.
type Variant struct {
	// Wanted has the attributes of the import, and not those of entries, which may differ for each device.
	Wanted device.Wanted
	// Devices is the number of devices of a scan that get it.
	Devices int

	refused error
}

// MaxVariants is the number of combinations that the entries of one import may ask for.
const MaxVariants = 10_000

// variants are the combinations that entries asked for so far, in the order in which they were met. It is
// not safe for concurrent use.
type variants struct {
	wanted device.Wanted // of devices whose entries ask for nothing
	// check checks each combination once; nil checks none. Its error rejects the entries.
	check func(device.Attachments) error
	list  []*Variant
	byKey map[string]*Variant
}

func newVariants(s Settings) *variants {
	return &variants{wanted: s.wanted(), check: s.CheckVariant, byKey: map[string]*Variant{}}
}

// of returns what is wanted of a device and which combination that is; both are nil if its entry asks for
// nothing. The error carries a [manifest.Reason].
func (v *variants) of(d *manifest.Device) (*device.Wanted, *Variant, error) {
	own, err := v.wanted.For(d)
	if own == nil || err != nil {
		return nil, nil, err
	}
	key := variantKey(own)
	variant, ok := v.byKey[key]
	if !ok {
		if len(v.list) == MaxVariants {
			return nil, nil, manifest.Errorf(manifest.ReasonBadSettings,
				"the entries before it ask for %d combinations of policies, thing groups, type, billing group and status, which is the limit",
				MaxVariants)
		}
		variant = &Variant{Wanted: *own}
		variant.Wanted.Attachments.Attributes = v.wanted.Attachments.Attributes
		if v.check != nil {
			variant.refused = v.check(variant.Wanted.Attachments)
		}
		v.byKey[key], v.list = variant, append(v.list, variant)
	}
	return own, variant, variant.refused
}

// thing is like of, and also returns the thing that the device is to become.
func (v *variants) thing(d *manifest.Device) (*device.Wanted, iot.Thing, *Variant, error) {
	own, variant, err := v.of(d)
	if err != nil {
		return nil, iot.Thing{}, nil, err
	}
	attachments := v.wanted.Attachments
	if own != nil {
		attachments = own.Attachments
	}
	thing, err := attachments.Thing(d)
	return own, thing, variant, err
}

// Things returns a function that returns the thing that a device is to become, for the decoder of a stack. It
// checks what entries ask for as a [Judge] does, and its errors carry a [manifest.Reason]. The function is not
// safe for concurrent use.
func Things(s Settings) func(*manifest.Device) (iot.Thing, error) {
	v := newVariants(s)
	return func(d *manifest.Device) (iot.Thing, error) {
		_, thing, _, err := v.thing(d)
		return thing, err
	}
}

func variantKey(w *device.Wanted) string {
	a := w.Attachments
	names := slices.Concat([]string{a.ThingType, a.BillingGroup, string(w.Status)}, a.Policies, []string{""}, a.ThingGroups)
	return strings.Join(names, "\x00")
}

// A Portion is a number of devices that get the same attachments.
type Portion struct {
	Attachments device.Attachments
	Status      iot.Status
	Devices     int
}

// portions returns what that many devices get: first those whose entries ask for nothing.
func (v *variants) portions(devices int) []Portion {
	list := []Portion{{v.wanted.Attachments, v.wanted.Status, devices}}
	for _, variant := range v.list {
		if variant.Devices > 0 {
			list[0].Devices -= variant.Devices
			list = append(list, Portion{variant.Wanted.Attachments, variant.Wanted.Status, variant.Devices})
		}
	}
	return list
}

// Portions returns what the devices get: first those whose entries ask for nothing of their own, which may be
// none, then each combination that entries ask for.
func (s *ScanResult) Portions() []Portion { return s.judge.variants.portions(s.Devices) }

// PortionsOf returns what that many devices of an import get, from what a ledger kept: the settings of the import, and how
// many devices have each of the texts that [RowText] returns. It is as the result of [ScanResult.Portions].
func PortionsOf(s Settings, asked map[string]int, devices int) ([]Portion, error) {
	s.CheckVariant = nil // what was asked for has been accepted
	v := newVariants(s)
	for _, text := range slices.Sorted(maps.Keys(asked)) {
		row, err := ParseRow(text)
		if err != nil {
			return nil, err
		}
		row.Attributes = nil // their values are not kept
		_, variant, err := v.of(&manifest.Device{Settings: row})
		if err != nil {
			return nil, err
		}
		if variant != nil {
			variant.Devices += asked[text]
		}
	}
	return v.portions(devices), nil
}

// FreshCalls returns the calls of one device on the average, if all are new to AWS.
func (s *ScanResult) FreshCalls(set quota.Set) quota.Calls { return newPaths(set, s.Portions()).fresh }

// maxListed is the number of policies and of thing groups whose lists are read.
const maxListed = 10

// listed returns the attachments whose lists show most of that many devices: those of the import if no entry
// asks for others.
func (v *variants) listed(devices int) device.Attachments {
	a := v.wanted.Attachments
	if len(v.list) == 0 {
		return a
	}
	portions := v.portions(devices)
	most := func(names func(device.Attachments) []string, limit int) []string {
		count := map[string]int{}
		for _, p := range portions {
			for _, name := range names(p.Attachments) {
				count[name] += p.Devices
			}
		}
		var all []string
		for name, n := range count {
			if n > 0 {
				all = append(all, name)
			}
		}
		slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
		return all[:min(len(all), limit)]
	}
	a.Policies = most(func(a device.Attachments) []string { return a.Policies }, maxListed)
	a.ThingGroups = most(func(a device.Attachments) []string { return a.ThingGroups }, maxListed)
	billing := most(func(a device.Attachments) []string { return []string{a.BillingGroup} }, 1)
	a.BillingGroup = strings.Join(billing, "")
	return a
}
