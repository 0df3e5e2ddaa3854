package engine

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
)

// A snapshot holds what the lists show of the devices of an import, in eight
// bytes per entry. The engine takes it when many devices turn out to exist: a
// page of 250 costs as much as reading one device. Lists lag, so the engine looks
// up what they do not show.
type snapshot struct {
	session *session
	index   *Index
	entries int
	// left returns how many entries are pending.
	left   func() int
	seed   maphash.Seed
	phase  atomic.Int32
	reads  sync.WaitGroup
	budget int         // pages to read of one list
	cut    atomic.Bool // some list was not read to its end
	// listed are the attachments whose lists are read. Each policy and group has a bit, by its position.
	listed device.Attachments
	// plain are the bits of devices that have no settings of their own. Varied reports whether others have some.
	plain  wantedBits
	varied bool

	mu              sync.Mutex
	existing, fresh int

	// By entry. While the lists are read one goroutine writes each bit; the ready phase only reads.
	bits   []atomic.Uint32
	things []uint32 // digest of type and attributes; 0 if not seen
}

// Phases of a snapshot.
const (
	snapshotIdle int32 = iota
	snapshotReading
	snapshotReady
)

const (
	// A snapshot is taken once existingFrom devices were found to exist, which
	// are at least one in existingShare, and if existingLeft entries are left.
	existingFrom  = 100
	existingShare = 4
	existingLeft  = 500

	bitCertificate = 1 << 31 // the certificate exists in the wanted status
	bitSeen        = 1 << 30 // the certificate exists
	bitGroups      = 10      // first bit of the groups; the ten below are for policies
)

// newSnapshot returns a snapshot for that many devices.
func newSnapshot(s *session, judge *Judge, devices int, left func() int) *snapshot {
	return snapshotOf(s, judge.index, judge.layout.total, judge.variants, devices, left)
}

func snapshotOf(s *session, index *Index, entries int, v *variants, devices int, left func() int) *snapshot {
	n := &snapshot{session: s, index: index, entries: entries, left: left, seed: newSeed(), listed: v.listed(devices), varied: len(v.list) > 0}
	n.plain = n.bitsOf(s.account.Wanted.Attachments)
	return n
}

// wantedBits are the bits of the policies and groups that are wanted of a device. Unlisted has the parts of
// which something is wanted that has no bit.
type wantedBits struct {
	policies, groups uint32
	unlisted         device.Parts
}

func (s *snapshot) bitsOf(a device.Attachments) (b wantedBits) {
	for _, name := range a.Policies {
		if i := slices.Index(s.listed.Policies, name); i >= 0 {
			b.policies |= 1 << i
		} else {
			b.unlisted |= device.PartPolicies
		}
	}
	for _, name := range a.ThingGroups {
		if i := slices.Index(s.listed.ThingGroups, name); i >= 0 {
			b.groups |= 1 << (bitGroups + i)
		} else {
			b.unlisted |= device.PartGroups
		}
	}
	return b
}

// wantedBits returns the bits that are wanted of the device of a task.
func (s *snapshot) wantedBits(t *task) wantedBits {
	if t.wanted == nil {
		return s.plain
	}
	return s.bitsOf(t.wanted.Attachments)
}

func newSeed() maphash.Seed { return maphash.MakeSeed() }

func (s *snapshot) stage() int32 { return s.phase.Load() }

// met counts what the registration of a device met, and begins to read the lists
// once many devices turn out to exist.
func (s *snapshot) met(what device.Met) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch what {
	case device.MetNew:
		s.fresh++
	case device.MetExisting:
		s.existing++
		left := s.left()
		if s.phase.Load() != snapshotIdle || s.existing < existingFrom || left < existingLeft ||
			s.existing*existingShare < s.existing+s.fresh {
			return
		}
		s.begin(left)
		s.reads.Go(s.read)
	}
}

// begin allocates the snapshot.
func (s *snapshot) begin(left int) {
	s.phase.Store(snapshotReading)
	s.budget = left/2 + existingFrom // in a larger account reading devices one by one is cheaper
	s.bits = make([]atomic.Uint32, s.entries)
	s.things = make([]uint32, s.entries)
}

// take reads the lists for that many devices, and reports whether it reached their ends.
func (s *snapshot) take(devices int) (complete bool) {
	s.begin(devices)
	s.read()
	return !s.cut.Load()
}

// mostExist reports whether more devices exist than are new.
func (s *snapshot) mostExist() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.existing > s.fresh
}

// wait returns after the lists have been read.
func (s *snapshot) wait() { s.reads.Wait() }

// known returns what the snapshot shows of a device. It returns nil if the
// device has to be registered to find out whether it exists: if the lists did
// not show its certificate, or if an earlier run may have registered it.
func (s *snapshot) known(t *task) *device.Known {
	if s.phase.Load() != snapshotReady || !t.marked.IsZero() || t.recorded {
		return nil
	}
	bits := s.bits[t.number].Load()
	if bits&bitCertificate == 0 {
		return nil
	}
	wanted := s.session.wanted(t)
	if wanted.Status != s.session.account.Wanted.Status {
		return nil // the bit is about the status of the import
	}
	known := device.Known{
		Paged:       true,
		Certificate: &iot.Certificate{ID: t.device.CertificateID.String(), Status: wanted.Status},
		Thing:       s.things[t.number] != 0 && s.things[t.number] == s.digest(t.thing),
	}
	for i, policy := range s.listed.Policies {
		if bits&(1<<i) != 0 {
			known.Policies = append(known.Policies, policy)
		}
	}
	for i, group := range s.listed.ThingGroups {
		if bits&(1<<(bitGroups+i)) != 0 {
			known.Groups = append(known.Groups, group)
		}
	}
	return &known
}

// seen reports whether the lists showed the certificate in any status.
func (s *snapshot) seen(number int) bool { return s.bits[number].Load()&bitSeen != 0 }

// sawThing reports whether the lists showed the thing.
func (s *snapshot) sawThing(number int) bool { return s.things[number] != 0 }

// read reads all lists concurrently: each operation has a quota of its own.
func (s *snapshot) read() {
	aws, a := s.session.account.AWS, s.listed
	var lists sync.WaitGroup
	lists.Go(func() { readKnown(s, iot.ListCertificates, aws.Certificates.ListCertificates, s.certificate) })
	lists.Go(func() { readKnown(s, iot.ListThings, aws.Things.ListThings, s.thing) })
	lists.Go(func() {
		for i, policy := range a.Policies {
			readKnown(s, iot.ListTargetsForPolicy, func(ctx context.Context, token string) ([]string, string, error) {
				return aws.Policies.ListTargetsForPolicy(ctx, policy, token)
			}, func(target string) { s.attached(target, i) })
		}
	})
	lists.Go(func() {
		for i, group := range a.ThingGroups {
			readKnown(s, iot.ListThingsInThingGroup, func(ctx context.Context, token string) ([]string, string, error) {
				return aws.Groups.ListThingsInThingGroup(ctx, group, token)
			}, func(thing string) { s.joined(thing, i) })
		}
	})
	lists.Wait()
	s.phase.Store(snapshotReady)
}

// readKnown reads a list to its end, or until its budget is spent or a call
// fails: what was seen until then is still true.
func readKnown[T any](s *snapshot, op iot.Operation, read func(ctx context.Context, token string) ([]T, string, error), see func(T)) {
	pages := 0
	ended, _ := readPages(s.session, op, read, func(page []T, _ bool) bool { // see above for the error
		for _, line := range page {
			see(line)
		}
		if pages++; pages%10 == 1 {
			s.session.events.send(Reading{Operation: string(op), Pages: pages})
		}
		return pages < s.budget
	})
	if !ended {
		s.cut.Store(true)
	}
	s.session.events.send(Reading{Operation: string(op), Pages: pages, Done: true})
}

func (s *snapshot) set(number int, bit uint32) { s.bits[number].Or(bit) }

func (s *snapshot) certificate(c iot.Certificate) {
	number, ok := s.index.byCertificate(c.ID)
	if !ok {
		return
	}
	s.set(number, bitSeen)
	if c.Status == s.session.account.Wanted.Status && c.ARN == s.session.certificateARN(c.ID) {
		s.set(number, bitCertificate)
	}
}

func (s *snapshot) attached(target string, policy int) {
	if number, ok := s.index.byARN(target); ok {
		s.set(number, 1<<policy)
	}
}

func (s *snapshot) joined(thing string, group int) {
	if number, ok := s.index.byThing(thing); ok {
		s.set(number, 1<<(bitGroups+group))
	}
}

func (s *snapshot) thing(t iot.Thing) {
	if number, ok := s.index.byThing(t.Name); ok {
		s.things[number] = s.digest(t)
	}
}

// digest returns a keyed digest of the wanted properties of a thing: its type,
// if one is wanted, and the wanted attributes. If they vary from device to device
// it is one of all properties. It is never 0.
func (s *snapshot) digest(t iot.Thing) uint32 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	a := s.session.account.Wanted.Attachments
	if s.varied {
		h.WriteString(t.Type) // a hash never fails
		for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
			h.WriteString("\x00" + name + "=" + t.Attributes[name]) // as above
		}
		return uint32(h.Sum64())>>1 | 1<<31 // the lower half is as good as any
	}
	if a.ThingType != "" {
		h.WriteString(t.Type) // a hash never fails
	}
	for _, attribute := range a.Attributes {
		value, ok := t.Attributes[attribute.Name]
		if !ok {
			return ^uint32(0) >> 1 // a wanted thing has them all
		}
		h.WriteString("\x00" + value) // as above
	}
	return uint32(h.Sum64())>>1 | 1<<31 // the lower half is as good as any
}
