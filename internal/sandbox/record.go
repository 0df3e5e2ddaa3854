package sandbox

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// kind says what a record changes. The values are part of the file format.
type kind byte

const (
	kindHeader            kind = 1  // id, account, region
	kindCertificate       kind = 2  // DER, status, modified, version
	kindCertificateStatus kind = 3  // id, status
	kindCertificateGone   kind = 4  // id
	kindThing             kind = 5  // name, id, version, type, attribute name, value, …
	kindThingUpdate       kind = 6  // name, version, type, attribute name, value, …
	kindThingGone         kind = 7  // name
	kindPrincipal         kind = 8  // thing, certificate id, "x" if exclusive
	kindPrincipalGone     kind = 9  // thing, certificate id
	kindPolicy            kind = 10 // name, document, generation
	kindPolicyGone        kind = 11 // name
	kindTarget            kind = 12 // policy, "cert" or "thinggroup", id or name
	kindTargetGone        kind = 13 // as kindTarget
	kindType              kind = 14 // name, id, properties, deprecation date
	kindTypeDeprecated    kind = 15 // name, deprecation date
	kindTypeGone          kind = 16 // name
	kindGroup             kind = 17 // name, id, parent, properties, query, query version, index
	kindGroupGone         kind = 18 // name
	kindMember            kind = 19 // group, thing
	kindMemberGone        kind = 20 // group, thing
	kindBillingGroup      kind = 21 // name, id, properties
	kindBillingGroupGone  kind = 22 // name
	kindBilled            kind = 23 // billing group, thing
	kindBilledGone        kind = 24 // billing group, thing
)

// A record is one change of the registry, as journalled and as applied: what a
// running server does and what a replay does is the same function of it. It
// carries everything that was decided (time, IDs), so that it decides nothing.
type record struct {
	kind   kind
	seq    uint64
	at     int64 // Unix milliseconds
	fields []string
}

// A frame is the length and CRC-32C of the payload (little endian, four bytes
// each), and the payload: kind, sequence number, time, count of fields, and each
// field with its length, the numbers as varints.
const frameHeader = 8

// maxPayload is far above the largest record, a policy document of 404,600
// bytes, and bounds what a damaged length can ask for.
const maxPayload = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errTorn = errors.New("torn record")

func (rec *record) append(b []byte) []byte {
	start := len(b)
	b = append(b, make([]byte, frameHeader)...)
	b = append(b, byte(rec.kind))
	b = binary.AppendUvarint(b, rec.seq)
	b = binary.AppendVarint(b, rec.at)
	b = binary.AppendUvarint(b, uint64(len(rec.fields)))
	for _, f := range rec.fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	payload := b[start+frameHeader:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// parse reads a payload whose checksum was right.
func (rec *record) parse(payload string) error {
	d := decoder{rest: payload}
	rec.kind = kind(d.byte())
	rec.seq = d.uvarint()
	rec.at = d.varint()
	n := d.uvarint()
	if n > uint64(len(d.rest)) { // each field takes a byte at least
		return errTorn
	}
	rec.fields = make([]string, n)
	for i := range rec.fields {
		rec.fields[i] = d.string()
	}
	if d.bad || d.rest != "" {
		return errTorn
	}
	return nil
}

type decoder struct {
	rest string
	bad  bool
}

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.bad = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}
