package material

import (
	"github.com/thingpress/thingpress/manifest"
)

// A maker makes the entries of a manifest. It is safe for concurrent use.
type maker[E entry] struct {
	seed    seed
	source  source[E]
	keysDir string
	defects []defect[E]
	// threshold/2³² is the share of entries that are not good.
	threshold uint64
}

func newMaker[E entry](s seed, o Options, from source[E]) *maker[E] {
	return &maker[E]{seed: s, source: from, keysDir: o.KeysDir, defects: defectsOf(from), threshold: uint64(o.Defects * (1 << 32))}
}

// made is a finished entry.
type made[E entry] struct {
	entry  E
	text   []byte
	expect Expectation
}

func (m *maker[E]) make(i int) (made[E], error) {
	e, key := m.source.entry(i)
	name := e.leaf().commonName()
	expect := Expectation{Entry: i, Outcome: ExpectDevice}
	if m.defective(i) {
		e, expect = m.spoil(i, e, expect)
	}
	// An odd entry may have a certificate for another key.
	if m.keysDir != "" && expect.Outcome == ExpectDevice && samePublic(e.leaf().key, key) {
		if err := writeKey(m.keysDir, name, key); err != nil {
			return made[E]{}, err
		}
	}
	return made[E]{e, m.source.render(e), expect}, nil
}

// defective reports whether entry i should not be good. It depends only on seed
// and index. The first entry is always good, so that there is one to repeat and
// every manifest has a device.
func (m *maker[E]) defective(i int) bool {
	return i > 0 && uint64(m.seed.number("defective", i, 1<<32-1)) < m.threshold
}

// These two defects need another entry; their numbers precede those of the list.
const (
	repetition = iota
	contradiction
	others
)

// spoil makes entry i faulty or odd.
func (m *maker[E]) spoil(i int, e E, expect Expectation) (E, Expectation) {
	kind := int(m.seed.number("defect", i, uint32(others+len(m.defects))))
	if kind == repetition {
		e, _ = m.source.entry(m.earlierGood(i))
		expect.Outcome = ExpectSkipped
		return e, expect
	}
	reason := manifest.ReasonContradiction
	if kind == contradiction {
		earlier, _ := m.source.entry(m.earlierGood(i))
		e.leaf().setCommonNames(earlier.leaf().commonName())
	} else {
		d := m.defects[kind-others]
		d.alter(e, craft{m.seed, i})
		reason = d.reason
	}
	if reason != "" {
		expect.Outcome, expect.Reason = ExpectRejected, string(reason)
	}
	return e, expect
}

// earlierGood returns a good entry shortly before i, or the first one.
func (m *maker[E]) earlierGood(i int) int {
	for j := i - 1; j > i-100 && j > 0; j-- {
		if !m.defective(j) {
			return j
		}
	}
	return 0
}
