package imports

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// A Share is how many devices get one policy, thing group, thing type, billing group or status.
type Share struct {
	Kind    string `json:"kind"` // as in "thing group"
	Name    string `json:"name"`
	Devices int    `json:"devices"`
}

// DistributionOf returns what differs from device to device, by kind and then by number of devices. It is
// empty if no entry asks for anything of its own.
func DistributionOf(portions []engine.Portion) (shares []Share) {
	if len(portions) < 2 {
		return nil
	}
	total := 0
	for _, p := range portions {
		total += p.Devices
	}
	for _, kind := range []struct {
		name string
		of   func(engine.Portion) []string
	}{
		{"policy", func(p engine.Portion) []string { return p.Attachments.Policies }},
		{"thing group", func(p engine.Portion) []string { return p.Attachments.ThingGroups }},
		{"thing type", func(p engine.Portion) []string { return []string{p.Attachments.ThingType} }},
		{"billing group", func(p engine.Portion) []string { return []string{p.Attachments.BillingGroup} }},
		{"status", func(p engine.Portion) []string { return []string{string(p.Status)} }},
	} {
		counts := map[string]int{}
		for _, p := range portions {
			for _, name := range kind.of(p) {
				if name != "" && p.Devices > 0 {
					counts[name] += p.Devices
				}
			}
		}
		names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
		})
		if kind.name == "status" && len(names) < 2 {
			continue
		}
		for _, name := range names {
			shares = append(shares, Share{kind.name, name, counts[name]})
		}
	}
	return shares
}

// MaxShares is the number of lines of a distribution that an import records, and that JSON has of it.
const MaxShares = 200

// maxNamed is the number of names of one kind that people are shown.
const maxNamed = 8

// DistributionText returns shares for people, a line for each kind.
func DistributionText(shares []Share) (lines []string) {
	for len(shares) > 0 {
		kind := shares[0].Kind
		end := slices.IndexFunc(shares, func(s Share) bool { return s.Kind != kind })
		if end < 0 {
			end = len(shares)
		}
		var parts []string
		for i, s := range shares[:min(end, maxNamed)] {
			devices := count(s.Devices)
			if i == 0 {
				devices = progress.Plural(s.Devices, "device", "devices")
			}
			parts = append(parts, plain.Sprintf("%s: %s", s.Name, devices))
		}
		if end > maxNamed {
			parts = append(parts, "and "+count(end-maxNamed)+" more")
		}
		lines = append(lines, kind+" "+strings.Join(parts, "; "))
		shares = shares[end:]
	}
	return lines
}
