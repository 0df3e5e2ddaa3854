package engine

import (
	"hash/maphash"

	"github.com/thingpress/thingpress/manifest"
)

// An Index finds accepted entries by certificate and by thing name, and so
// detects duplicates. It takes about 30 bytes per entry: digests in chunks
// without pointers, and tables of entry numbers over them.
//
// Digests are keyed with a random seed, so nobody can make two devices collide.
// By accident two of twenty million devices collide once in 100,000 imports; the
// later one is then rejected, not lost.
type Index struct {
	seed    maphash.Seed
	digests [][]pair // by entry, in chunks
	entries int
	cert    table
	name    table
}

// pair are the digests of one entry; zero for one that was not accepted.
type pair struct{ cert, name uint64 }

const chunkSize = 1 << 12

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{seed: maphash.MakeSeed()}
}

// Add relates the device at the next position to the earlier ones and keeps it
// if it is accepted. Otherwise it returns the earlier entry, by its number among
// all calls of Add and Skip.
func (x *Index) Add(d *manifest.Device) (r Relation, earlier int) {
	p := x.digest(d)
	r, earlier = x.relate(p, x.entries)
	if r != Accepted {
		x.push(pair{})
		return r, earlier
	}
	n := x.push(p)
	x.cert.insert(p.cert, n, func(e uint32) uint64 { return x.at(e).cert })
	x.name.insert(p.name, n, func(e uint32) uint64 { return x.at(e).name })
	return Accepted, 0
}

// Skip uses up a position without a device: a rejected or filtered entry, which
// owns neither name nor certificate.
func (x *Index) Skip() { x.push(pair{}) }

// again relates the device at a position that was added before, as Add did.
func (x *Index) again(d *manifest.Device, entry int) (Relation, int) {
	p := x.digest(d)
	r, earlier := x.relate(p, entry)
	if r == Accepted && *x.at(uint32(entry)) != p { // DefaultLimits are far below 1<<32
		return Unknown, 0
	}
	return r, earlier
}

func (x *Index) relate(p pair, self int) (Relation, int) {
	return Relate(self, owner(x.cert.find(p.cert, func(e uint32) uint64 { return x.at(e).cert })),
		owner(x.name.find(p.name, func(e uint32) uint64 { return x.at(e).name })))
}

func owner(entry uint32, ok bool) int {
	if !ok {
		return -1
	}
	return int(entry)
}

// byCertificate returns the accepted entry that has a certificate.
func (x *Index) byCertificate(certificateID string) (int, bool) {
	id, err := manifest.ParseCertificateID(certificateID)
	if err != nil {
		return 0, false
	}
	e, ok := x.cert.find(x.certificate(id), func(e uint32) uint64 { return x.at(e).cert })
	return int(e), ok
}

// byThing returns the accepted entry that has a thing name.
func (x *Index) byThing(name string) (int, bool) {
	e, ok := x.name.find(x.thing(name), func(e uint32) uint64 { return x.at(e).name })
	return int(e), ok
}

func (x *Index) digest(d *manifest.Device) pair {
	return pair{x.certificate(d.CertificateID), x.thing(d.ThingName)}
}

func (x *Index) certificate(id manifest.CertificateID) uint64 {
	return maphash.Bytes(x.seed, id[:]) | 1 // never the zero of an empty place
}

func (x *Index) thing(name string) uint64 { return maphash.String(x.seed, name) | 1 }

func (x *Index) at(e uint32) *pair { return &x.digests[e/chunkSize][e%chunkSize] }

func (x *Index) push(p pair) uint32 {
	n := x.entries
	if n%chunkSize == 0 {
		x.digests = append(x.digests, make([]pair, chunkSize))
	}
	x.digests[n/chunkSize][n%chunkSize] = p
	x.entries++
	return uint32(n) // as in Add
}
