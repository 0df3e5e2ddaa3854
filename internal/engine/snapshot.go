package engine

import (
	"context"
	"hash/maphash"
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

func newSnapshot(s *session, judge *Judge, left func() int) *snapshot {
	return &snapshot{session: s, index: judge.index, entries: judge.layout.total, left: left, seed: newSeed()}
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
	wanted := s.session.account.Wanted
	known := device.Known{
		Paged:       true,
		Certificate: &iot.Certificate{ID: t.device.CertificateID.String(), Status: wanted.Status},
		Thing:       s.things[t.number] != 0 && s.things[t.number] == s.digest(t.thing),
	}
	for i, policy := range wanted.Attachments.Policies {
		if bits&(1<<i) != 0 {
			known.Policies = append(known.Policies, policy)
		}
	}
	for i, group := range wanted.Attachments.ThingGroups {
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
	aws, a := s.session.account.AWS, s.session.account.Wanted.Attachments
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
// if one is wanted, and the wanted attributes. It is never 0.
func (s *snapshot) digest(t iot.Thing) uint32 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	a := s.session.account.Wanted.Attachments
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
