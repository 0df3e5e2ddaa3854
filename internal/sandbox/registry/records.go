package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// changeNames are the names of changes in a state file. The meaning of a name must never
// change.
var changeNames = map[string]Change{
	"identity":             (*IdentityGiven)(nil),
	"certificate":          (*CertificateAdded)(nil),
	"certificate-status":   (*CertificateStatusSet)(nil),
	"certificate-gone":     (*CertificateRemoved)(nil),
	"thing":                (*ThingAdded)(nil),
	"thing-update":         (*ThingUpdated)(nil),
	"thing-gone":           (*ThingRemoved)(nil),
	"principal":            (*PrincipalAttached)(nil),
	"principal-gone":       (*PrincipalDetached)(nil),
	"policy":               (*PolicyAdded)(nil),
	"policy-gone":          (*PolicyRemoved)(nil),
	"target":               (*PolicyAttached)(nil),
	"target-gone":          (*PolicyDetached)(nil),
	"type":                 (*TypeAdded)(nil),
	"type-deprecated":      (*TypeDeprecated)(nil),
	"type-gone":            (*TypeRemoved)(nil),
	"group":                (*GroupAdded)(nil),
	"group-gone":           (*GroupRemoved)(nil),
	"member":               (*MemberAdded)(nil),
	"member-gone":          (*MemberRemoved)(nil),
	"group-update":         (*GroupUpdated)(nil),
	"billing-group":        (*BillingGroupAdded)(nil),
	"billing-group-update": (*BillingGroupUpdated)(nil),
	"billing-group-gone":   (*BillingGroupRemoved)(nil),
	"billing-member":       (*Billed)(nil),
	"billing-member-gone":  (*Unbilled)(nil),
	"certificate-transfer": (*CertificateTransferred)(nil),
	"policy-version":       (*PolicyVersionAdded)(nil),
	"policy-version-gone":  (*PolicyVersionRemoved)(nil),
	"policy-default":       (*PolicyDefaultSet)(nil),
	"ca":                   (*CACertificateAdded)(nil),
	"ca-update":            (*CACertificateUpdated)(nil),
	"ca-gone":              (*CACertificateRemoved)(nil),
	"registration-code":    (*RegistrationCodeSet)(nil),
	"indexing":             (*IndexingSet)(nil),
	"connected":            (*ThingConnected)(nil),
	"tags":                 (*TagsSet)(nil),
	"task":                 (*TaskSet)(nil),
	"object":               (*ObjectPut)(nil),
}

var nameOfChange = func() map[reflect.Type]string {
	names := make(map[reflect.Type]string, len(changeNames))
	for name, change := range changeNames {
		names[reflect.TypeOf(change)] = name
	}
	return names
}()

// IdentityGiven is the first [Change] of a state file.
type IdentityGiven struct{ Identity }

func (a *IdentityGiven) apply(st *State, _ stamp) bool {
	st.identify(a.Identity)
	return true
}

// A record contains the changes of one call, which are kept together or not at all. Its
// sequence number is that of the first change; the others have the numbers that follow.
type record struct {
	stamp
	changes []Change
}

// errRecord is wrapped if a record contradicts the state, which happens only if somebody edited
// the file.
var errRecord = errors.New("the record does not fit the state")

// apply applies the changes of a record. The call that made it checked all rules.
func (st *State) apply(rec record) error {
	for _, change := range rec.changes {
		if !change.apply(st, rec.stamp) {
			return fmt.Errorf("%w: %s", errRecord, nameOfChange[reflect.TypeOf(change)])
		}
		st.seq = max(st.seq, rec.seq)
		st.lag.note(stamp{st.seq, rec.at})
		rec.seq++
	}
	return nil
}

// append encodes a record as its sequence number, its time, and the name and JSON of each
// change. Spaces separate them, and tabs separate changes. JSON contains neither tab nor line
// break.
func (rec record) append(b []byte) ([]byte, error) {
	b = strconv.AppendUint(b, rec.seq, 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, rec.at, 10)
	separator := byte(' ')
	for _, change := range rec.changes {
		text, err := json.Marshal(change)
		if err != nil {
			return nil, err
		}
		b = append(append(b, separator), nameOfChange[reflect.TypeOf(change)]...)
		b = append(append(b, ' '), text...)
		separator = '\t'
	}
	return b, nil
}

// parseRecord decodes what [record.append] encoded.
func parseRecord(b []byte) (rec record, err error) {
	seq, rest, _ := bytes.Cut(b, []byte{' '})
	at, rest, _ := bytes.Cut(rest, []byte{' '})
	if rec.seq, err = strconv.ParseUint(string(seq), 10, 64); err != nil {
		return rec, err
	}
	if rec.at, err = strconv.ParseInt(string(at), 10, 64); err != nil {
		return rec, err
	}
	for text := range bytes.SplitSeq(rest, []byte{'\t'}) {
		name, text, _ := bytes.Cut(text, []byte{' '})
		known := changeNames[string(name)]
		if known == nil {
			return rec, fmt.Errorf("unknown change %q", Shorten(string(name)))
		}
		change := reflect.New(reflect.TypeOf(known).Elem()).Interface().(Change)
		if err := json.Unmarshal(text, change); err != nil {
			return rec, fmt.Errorf("%s: %w", name, err)
		}
		rec.changes = append(rec.changes, change)
	}
	return rec, nil
}

// records yields the records that turn an empty state into this one. They keep their sequence
// numbers, so that the order of lists and page tokens remain valid.
func (st *State) records() iter.Seq[record] {
	return func(yield func(record) bool) {
		one := func(seq uint64, at int64, change Change) bool { return yield(record{stamp{seq, at}, []Change{change}}) }
		_ = one(st.seq, 0, &IdentityGiven{st.Identity}) && st.catalogue(one) && st.devices(one) && st.attachments(one) &&
			!slices.ContainsFunc(st.settings(), func(set Change) bool { return !one(st.seq, 0, set) })
	}
}

// size returns the number of records that records yields.
func (st *State) size() int {
	n := 1 + len(st.certificates.by) + len(st.things.by) + len(st.types.by)
	n += len(st.groups.by) + len(st.billingGroups.by) + len(st.policies.by) + len(st.cas.by) + len(st.tasks.by)
	n += len(st.settings())
	for _, t := range st.things.by {
		n += t.principals.len() + t.groups.len()
	}
	for _, b := range st.billingGroups.by {
		n += b.members.len()
	}
	for _, p := range st.policies.by {
		n += p.targets.len()
	}
	return n
}

func (st *State) catalogue(yield func(uint64, int64, Change) bool) bool {
	for seq, t := range st.types.order.now() {
		if !yield(seq, t.created, &TypeAdded{t.name, t.id, json.RawMessage(t.properties), t.deprecated}) {
			return false
		}
	}
	for seq, g := range st.groups.order.now() {
		added := &GroupAdded{
			Name: g.name, ID: g.id, Properties: json.RawMessage(g.properties), DynamicQuery: g.dynamicQuery(),
			GroupVersion: g.version,
		}
		if g.parent != nil {
			added.Parent = g.parent.name
		}
		if !yield(seq, g.created, added) {
			return false
		}
	}
	for seq, b := range st.billingGroups.order.now() {
		if !yield(seq, b.created, &BillingGroupAdded{b.name, b.id, json.RawMessage(b.properties), b.version}) {
			return false
		}
	}
	for seq, p := range st.policies.order.now() {
		added := &PolicyAdded{p.name, p.document(), p.generation, p.modified, p.versions, p.standard, p.last}
		if !yield(seq, p.created, added) {
			return false
		}
	}
	for seq, ca := range st.cas.order.now() {
		if !yield(seq, ca.created, &CACertificateAdded{ca.der, ca.modified, ca.CASettings}) {
			return false
		}
	}
	for seq, t := range st.tasks.order.now() {
		if !yield(seq, t.created, &TaskSet{t.RegistrationTask, t.modified}) {
			return false
		}
	}
	return true
}

// settings returns the changes that make what has no place in a list.
func (st *State) settings() (all []Change) {
	if st.code != "" {
		all = append(all, &RegistrationCodeSet{st.code})
	}
	if st.indexing.Things != nil || st.indexing.Groups != nil {
		all = append(all, &IndexingSet{st.indexing})
	}
	for _, resource := range slices.Sorted(maps.Keys(st.tags)) {
		all = append(all, &TagsSet{resource, st.tags[resource]})
	}
	for _, name := range slices.Sorted(maps.Keys(st.objects)) {
		all = append(all, &ObjectPut{name, st.objects[name]})
	}
	return append(all, st.connectionChanges()...)
}

func (st *State) devices(yield func(uint64, int64, Change) bool) bool {
	for seq, c := range st.certificates.order.now() {
		added := &CertificateAdded{DER: c.der, Status: c.status.String(), Modified: c.modified, Version: c.version, Transfer: c.transfer}
		if !c.ca.IsZero() {
			added.CA = c.ca.String()
		}
		if c.byCA {
			added.Mode = modeDefault
		}
		if !yield(seq, c.created, added) {
			return false
		}
	}
	for seq, t := range st.things.order.now() {
		if !yield(seq, 0, &ThingAdded{t.name, t.id, ThingDetails{t.version, t.kind.title(), t.attributes}}) {
			return false
		}
		for seq, a := range t.principals.now() {
			if !yield(seq, 0, &PrincipalAttached{t.name, a.certificate.id.String(), a.exclusive}) {
				return false
			}
		}
	}
	return true
}

// attachments yields the members of each group and the targets of each policy in their order,
// since a series is fastest if items are added at its end.
func (st *State) attachments(yield func(uint64, int64, Change) bool) bool {
	for _, g := range st.groups.order.now() {
		for seq, t := range g.members.now() {
			if !yield(seq, 0, &MemberAdded{g.name, t.name}) {
				return false
			}
		}
	}
	for _, b := range st.billingGroups.order.now() {
		for seq, t := range b.members.now() {
			if !yield(seq, 0, &Billed{b.name, t.name}) {
				return false
			}
		}
	}
	for _, p := range st.policies.order.now() {
		for seq, to := range p.targets.now() {
			if !yield(seq, 0, &PolicyAttached{p.name, to.place()}) {
				return false
			}
		}
	}
	return true
}
