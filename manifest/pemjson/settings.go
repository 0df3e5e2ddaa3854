package pemjson

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

const (
	// ExportMember is the member whose value [ExportVersion] says that an entry is one of thingpress export.
	ExportMember = "thingpressExport"
	// ExportVersion is the version of such entries.
	ExportVersion = "1"
)

// maxNames bounds the policies, the thing groups and the attributes of an entry. AWS IoT has lower limits, which
// are checked later.
const maxNames = 1000

// settings reads what an entry of thingpress export asks for its device. Its members are named as AWS names them.
func (r *reader) settings(raw []byte) (*manifest.Settings, error) {
	if r.export != ExportVersion {
		return nil, manifest.Errorf(manifest.ReasonMalformedEntry, "the entry is of version %s of exports, and only version %s can be read",
			manifest.Quote(r.export), ExportVersion)
	}
	s := &manifest.Settings{}
	texts := map[string]*string{"thingTypeName": &s.ThingType, "billingGroupName": &s.BillingGroup, "status": &s.Status}
	lists := map[string]*[]string{"policyNames": &s.Policies, "thingGroupNames": &s.ThingGroups}
	known := slices.Concat(slices.Collect(maps.Keys(texts)), slices.Collect(maps.Keys(lists)),
		[]string{"attributes", nameThing, ExportMember})
	err := r.parser.Document("the entry", raw, known, func(name []byte) error {
		member := string(name)
		switch {
		case r.parser.Kind() == jsontext.KindNull:
		case member == nameThing && r.column(nameThing) == "":
			// The CN would name the thing instead.
			return manifest.Errorf(manifest.ReasonBadName, "thingName is not a name, or looks like a secret")
		case texts[member] != nil:
			text, err := r.parser.Text(member)
			*texts[member] = string(text)
			return err
		case lists[member] != nil:
			return r.names(member, lists[member])
		case member == "attributes":
			s.Attributes = map[string]string{}
			return r.attributes(s.Attributes)
		}
		return r.parser.Skip()
	})
	return s, err
}

// names reads the array that is the member's value.
func (r *reader) names(member string, list *[]string) error {
	return r.parser.Array(member, func() error {
		if len(*list) == maxNames {
			return tooMany(member)
		}
		text, err := r.parser.Text("an element of " + member)
		*list = append(*list, string(text))
		return err
	})
}

// attributes reads the object whose members are the attributes of the thing.
func (r *reader) attributes(all map[string]string) error {
	return r.parser.Object("attributes", nil, func(name []byte) error {
		key := string(name)
		if len(all) == maxNames {
			return tooMany("attributes")
		}
		text, err := r.parser.Text("attribute " + manifest.Quote(key))
		all[key] = string(text)
		return err
	})
}

func tooMany(member string) error {
	return manifest.Errorf(manifest.ReasonBadSettings, "%s has more than %d elements", member, maxNames)
}
