package stack

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"sort"

	"github.com/thingpress/thingpress/manifest"
)

// hashBytes is the size of a hash in [Shared].
const hashBytes = 8

// MostShared is the maximum number of hashes in a [Shared], which is part of the
// checkpoints of a job.
const MostShared = 4000

// Shared are the hashes of what several entries of a manifest have: vendor IDs,
// certificates and thing names. Each has eight bytes, and they ascend. A hash may be in
// it by chance, but an entry of which none is in it shares nothing with another one.
type Shared []byte

// Has reports whether another entry of the manifest may have the vendor ID, the
// certificate or the thing name of a device.
func (s Shared) Has(d *manifest.Device) bool {
	n := len(s) / hashBytes
	at := func(i int) uint64 { return binary.BigEndian.Uint64(s[hashBytes*i:]) }
	return slices.ContainsFunc(hashesOf(d), func(hash uint64) bool {
		i := sort.Search(n, func(i int) bool { return at(i) >= hash })
		return i < n && at(i) == hash
	})
}

// A Census finds what the entries of a manifest share. It must see all of them. It is
// not safe for concurrent use.
type Census struct {
	most   int
	hashes []uint64
	over   bool
}

// NewCensus returns a census that keeps at most that many hashes in memory, of which a
// device has up to three.
func NewCensus(most int) *Census { return &Census{most: most} }

// Add adds the device of an entry.
func (c *Census) Add(d *manifest.Device) {
	if c.over {
		return
	}
	if c.hashes = append(c.hashes, hashesOf(d)...); len(c.hashes) > c.most {
		c.hashes, c.over = nil, true
	}
}

// Shared returns what the devices share. It returns nil if there were too many of them,
// or if they share more than [MostShared] things. It must be called last.
func (c *Census) Shared() *Shared {
	if c.over {
		return nil
	}
	slices.Sort(c.hashes)
	found := Shared{}
	for i, hash := range c.hashes {
		if i == 0 || c.hashes[i-1] != hash || i > 1 && c.hashes[i-2] == hash {
			continue // not the second one
		}
		if len(found) == MostShared*hashBytes {
			return nil
		}
		found = binary.BigEndian.AppendUint64(found, hash)
	}
	return &found
}

// hashesOf returns the hashes of what a device has of its own. They are the same in
// every process, because a job keeps them.
func hashesOf(d *manifest.Device) []uint64 {
	hashes := make([]uint64, 0, 3)
	add := func(kind byte, of string) {
		h := fnv.New64a()
		_, _ = h.Write([]byte{kind}) // never fails
		_, _ = h.Write([]byte(of))
		hashes = append(hashes, h.Sum64())
	}
	add('c', string(d.CertificateID[:]))
	add('n', d.ThingName)
	if id := d.VendorID(); id != "" {
		add('v', id)
	}
	return hashes
}
