package registry

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/google/uuid"
)

// errV1 is returned for a record that version 1 cannot have written.
var errV1 = errors.New("not a record of version 1")

// parseRecordV1 decodes a record of version 1. It contains its kind in one byte, the sequence
// number, the time, the number of fields, and each field after its length. Numbers are varints.
// The position of a field determines its meaning.
func parseRecordV1(b []byte) (record, error) {
	r := readerV1{rest: b}
	number := r.bytes(1)
	seq := r.uvarint()
	at, n := binary.Varint(r.rest)
	r.skip(n)
	count := r.uvarint()
	if r.bad || count > uint64(len(r.rest)) { // each field takes at least one byte
		return record{}, errV1
	}
	fields := make([]string, count)
	for i := range fields {
		fields[i] = string(r.bytes(r.uvarint()))
	}
	i := int(number[0])
	if r.bad || i >= len(kindsV1) || len(fields) < kindsV1[i].fields {
		return record{}, errV1
	}
	change, err := kindsV1[i].change(fields)
	return record{stamp{seq, at}, []Change{change}}, err
}

type readerV1 struct {
	rest []byte
	bad  bool
}

// skip skips n bytes. The n of a number that could not be read is not positive.
func (r *readerV1) skip(n int) {
	if n <= 0 {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}

func (r *readerV1) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.skip(n)
	return v
}

func (r *readerV1) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// kindsV1 are the kinds of records by number, with their minimum number of fields.
var kindsV1 = [...]struct {
	fields int
	change func(f []string) (Change, error)
}{
	0: {0, func([]string) (Change, error) { return nil, errV1 }},
	1: {3, func(f []string) (Change, error) { return &IdentityGiven{Identity{f[0], f[1], f[2]}}, nil }},
	2: {4, certificateV1},
	3: {2, func(f []string) (Change, error) { return &CertificateStatusSet{f[0], f[1]}, nil }},
	4: {1, func(f []string) (Change, error) { return &CertificateRemoved{f[0]}, nil }},
	5: {4, thingV1},
	6: {3, thingUpdateV1},
	7: {1, func(f []string) (Change, error) { return &ThingRemoved{f[0]}, nil }},
	8: {3, func(f []string) (Change, error) { return &PrincipalAttached{f[0], f[1], f[2] != ""}, nil }},
	9: {2, func(f []string) (Change, error) { return &PrincipalDetached{f[0], f[1]}, nil }},
	10: {3, func(f []string) (Change, error) {
		id, err := uuid.Parse(f[2])
		return &PolicyAdded{Name: f[0], Document: f[1], Generation: id}, err
	}},
	11: {1, func(f []string) (Change, error) { return &PolicyRemoved{f[0]}, nil }},
	12: {3, func(f []string) (Change, error) { return &PolicyAttached{f[0], placeV1(f)}, nil }},
	13: {3, func(f []string) (Change, error) { return &PolicyDetached{f[0], placeV1(f)}, nil }},
	14: {4, typeV1},
	15: {2, func(f []string) (Change, error) {
		date, err := strconv.ParseInt(f[1], 10, 64)
		return &TypeDeprecated{f[0], date}, err
	}},
	16: {1, func(f []string) (Change, error) { return &TypeRemoved{f[0]}, nil }},
	17: {7, func(f []string) (Change, error) {
		id, err := uuid.Parse(f[1])
		return &GroupAdded{f[0], id, f[2], json.RawMessage(f[3]), DynamicQuery{f[6], f[4], f[5]}, 1}, err
	}},
	18: {1, func(f []string) (Change, error) { return &GroupRemoved{f[0]}, nil }},
	19: {2, func(f []string) (Change, error) { return &MemberAdded{f[0], f[1]}, nil }},
	20: {2, func(f []string) (Change, error) { return &MemberRemoved{f[0], f[1]}, nil }},
	21: {3, func(f []string) (Change, error) {
		id, err := uuid.Parse(f[1])
		return &BillingGroupAdded{f[0], id, json.RawMessage(f[2]), 1}, err
	}},
	22: {1, func(f []string) (Change, error) { return &BillingGroupRemoved{f[0]}, nil }},
	23: {2, func(f []string) (Change, error) { return &Billed{f[0], f[1]}, nil }},
	24: {2, func(f []string) (Change, error) { return &Unbilled{f[0], f[1]}, nil }},
}

// certificateV1 has DER, status, modified, version.
func certificateV1(f []string) (Change, error) {
	modified, err := strconv.ParseInt(f[2], 10, 64)
	version, err2 := strconv.ParseUint(f[3], 10, 32)
	return &CertificateAdded{DER: []byte(f[0]), Status: f[1], Modified: modified, Version: uint32(version)}, errors.Join(err, err2)
}

// thingV1 has name, ID, version, type, and name and value of each attribute.
func thingV1(f []string) (Change, error) {
	id, err := uuid.Parse(f[1])
	details, err2 := detailsV1(f[2:])
	return &ThingAdded{f[0], id, details}, errors.Join(err, err2)
}

// thingUpdateV1 has name, version, type, and name and value of each attribute.
func thingUpdateV1(f []string) (Change, error) {
	details, err := detailsV1(f[1:])
	return &ThingUpdated{f[0], details}, err
}

func detailsV1(f []string) (d ThingDetails, err error) {
	d.Type = f[1]
	if d.Version, err = strconv.ParseInt(f[0], 10, 64); err != nil || len(f)%2 != 0 {
		return d, errV1
	}
	for i := 2; i < len(f); i += 2 {
		d.Attributes = append(d.Attributes, Attribute{f[i], f[i+1]})
	}
	return d, nil
}

// typeV1 has name, ID, properties, date of deprecation.
func typeV1(f []string) (Change, error) {
	id, err := uuid.Parse(f[1])
	deprecated, err2 := strconv.ParseInt(f[3], 10, 64)
	return &TypeAdded{f[0], id, json.RawMessage(f[2]), deprecated}, errors.Join(err, err2)
}

// placeV1 returns the target from the fields policy, "cert" or "thinggroup", and ID or name.
func placeV1(f []string) PolicyPlace {
	if f[1] == "cert" {
		return PolicyPlace{Certificate: f[2]}
	}
	return PolicyPlace{Group: f[2]}
}
