package engine

import (
	"hash/maphash"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// An Index finds accepted entries by vendor ID, by certificate and by thing name,
// and so detects duplicates. It takes about 47 bytes per entry: digests in chunks
// without pointers, and tables of entry numbers over them.
//
// Digests are keyed with a random seed, so nobody can make two devices collide.
// By accident two of twenty million devices collide once in 100,000 imports; the
// later one is then rejected, not lost.
type Index struct {
	seed    maphash.Seed
	chunks  []*chunk // by entry
	entries int
	id      table
	cert    table
	name    table
}

const chunkSize = 1 << 12

type chunk struct {
	keys     [chunkSize]key
	validity [chunkSize]Validity
}

// A key has the digests of one entry; zero for one that was not accepted. The
// digest of an unknown vendor ID is zero, too.
type key struct{ id, cert, name uint64 }

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{seed: maphash.MakeSeed()}
}

// Add relates the device at the next position to the earlier ones and keeps it
// if it is accepted. Otherwise it returns the earlier entry, by its number among
// all calls of Add and Skip.
func (x *Index) Add(d *manifest.Device) Match {
	k := x.keyOf(d)
	m := x.relate(k, x.entries)
	if m.Relation != Accepted {
		x.push(key{}, Validity{})
		return m
	}
	n := x.push(k, ValidityOf(d.Certificate))
	if k.id != 0 {
		x.id.insert(k.id, n, x.idOf)
	}
	x.cert.insert(k.cert, n, x.certOf)
	x.name.insert(k.name, n, x.nameOf)
	return m
}

// Skip uses up a position without a device: a rejected or filtered entry, which
// owns nothing.
func (x *Index) Skip() { x.push(key{}, Validity{}) }

// again relates the device at a position that was added before, as Add did.
func (x *Index) again(d *manifest.Device, entry int) Match {
	k := x.keyOf(d)
	m := x.relate(k, entry)
	if m.Relation == Accepted && *x.at(uint32(entry)) != k { // DefaultLimits are far below 1<<32
		return Match{Relation: Unknown}
	}
	return m
}

func (x *Index) relate(k key, self int) Match {
	o := Owners{ID: -1, Certificate: owner(x.cert.find(k.cert, x.certOf)), Name: owner(x.name.find(k.name, x.nameOf))}
	if k.id != 0 {
		o.ID = owner(x.id.find(k.id, x.idOf))
	}
	return o.Relate(self, func(owner int) bool {
		theirs := x.at(uint32(owner)).id // as in again
		return k.id != 0 && theirs != 0 && theirs != k.id
	})
}

func owner(entry uint32, ok bool) int {
	if !ok {
		return -1
	}
	return int(entry)
}

// validity returns the validity of an accepted entry's certificate.
func (x *Index) validity(entry int) Validity {
	return x.chunks[entry/chunkSize].validity[entry%chunkSize]
}

// byCertificate returns the accepted entry that has a certificate.
func (x *Index) byCertificate(certificateID string) (int, bool) {
	id, err := manifest.ParseCertificateID(certificateID)
	if err != nil {
		return 0, false
	}
	e, ok := x.cert.find(x.certificate(id), x.certOf)
	return int(e), ok
}

// byARN returns the accepted entry whose certificate has an ARN.
func (x *Index) byARN(arn string) (int, bool) {
	_, id, _ := strings.Cut(arn, ":cert/")
	return x.byCertificate(id)
}

// byThing returns the accepted entry that has a thing name.
func (x *Index) byThing(name string) (int, bool) {
	e, ok := x.name.find(x.text(name), x.nameOf)
	return int(e), ok
}

func (x *Index) keyOf(d *manifest.Device) key {
	k := key{cert: x.certificate(d.CertificateID), name: x.text(d.ThingName)}
	if id := d.VendorID(); id != "" {
		k.id = x.text(id)
	}
	return k
}

func (x *Index) certificate(id manifest.CertificateID) uint64 {
	return maphash.Bytes(x.seed, id[:]) | 1 // never the zero of an empty place
}

func (x *Index) text(text string) uint64 { return maphash.String(x.seed, text) | 1 }

func (x *Index) idOf(e uint32) uint64   { return x.at(e).id }
func (x *Index) certOf(e uint32) uint64 { return x.at(e).cert }
func (x *Index) nameOf(e uint32) uint64 { return x.at(e).name }

func (x *Index) at(e uint32) *key { return &x.chunks[e/chunkSize].keys[e%chunkSize] }

func (x *Index) push(k key, v Validity) uint32 {
	n := x.entries
	if n%chunkSize == 0 {
		x.chunks = append(x.chunks, new(chunk))
	}
	last := x.chunks[n/chunkSize]
	last.keys[n%chunkSize], last.validity[n%chunkSize] = k, v
	x.entries++
	return uint32(n) // as in again
}
