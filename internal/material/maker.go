package material

import (
	"crypto"

	"github.com/thingpress/thingpress/manifest"
)

// A format makes the entries of one vendor. Its methods are safe for
// concurrent use.
type format[E any] interface {
	// entry returns a good entry, and the key of its certificate.
	entry(i int) (*E, crypto.Signer, error)
	// leaf returns the certificate of an entry.
	leaf(e *E) *draft
	// defects are what can be wrong with an entry, or odd.
	defects() []defect[E]
	// render returns an entry as it stands in the manifest.
	render(e *E) ([]byte, error)
}

// A maker makes the entries of a manifest. It is safe for concurrent use.
type maker[E any] struct {
	seed    seed
	format  format[E]
	keysDir string
	defects []defect[E]
	// threshold of 2³² is the share of entries that are not good.
	threshold uint64
}

func newMaker[E any](s seed, o Options, f format[E]) *maker[E] {
	return &maker[E]{seed: s, format: f, keysDir: o.KeysDir, defects: f.defects(), threshold: uint64(o.Defects * (1 << 32))}
}

// made is a finished entry.
type made[E any] struct {
	entry  *E
	text   []byte
	expect Expectation
}

func (m *maker[E]) make(i int) (made[E], error) {
	e, key, err := m.format.entry(i)
	if err != nil {
		return made[E]{}, err
	}
	name := m.format.leaf(e).commonName()
	expect := Expectation{Entry: i, Outcome: ExpectDevice}
	if m.defective(i) {
		if e, expect, err = m.spoil(i, e); err != nil {
			return made[E]{}, err
		}
	}
	// An odd entry may have been given a certificate for another key.
	if m.keysDir != "" && expect.Outcome == ExpectDevice && samePublic(m.format.leaf(e).key, key) {
		if err := writeKey(m.keysDir, name, key); err != nil {
			return made[E]{}, err
		}
	}
	text, err := m.format.render(e)
	return made[E]{e, text, expect}, err
}

// defective says whether entry i is not to be good. It depends on nothing but
// seed and index. The first one is always good: there is something to repeat,
// and no manifest is without a device.
func (m *maker[E]) defective(i int) bool {
	return i > 0 && uint64(m.seed.number("defective", i, 1<<32-1)) < m.threshold
}

// Two defects need another entry, and come before those of the list.
const (
	repetition = iota
	contradiction
	others
)

// spoil makes entry i wrong or odd.
func (m *maker[E]) spoil(i int, e *E) (*E, Expectation, error) {
	expect := Expectation{Entry: i, Outcome: ExpectDevice}
	kind := int(m.seed.number("defect", i, uint32(others+len(m.defects))))
	if kind < others {
		return m.collide(kind, e, m.earlierGood(i), expect)
	}
	d := m.defects[kind-others]
	d.alter(e, craft{m.seed, i})
	if d.reason != "" {
		expect.Outcome, expect.Reason = ExpectRejected, string(d.reason)
	}
	return e, expect, nil
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

// collide repeats an earlier entry, or names another certificate like it.
func (m *maker[E]) collide(kind int, e *E, earlier int, expect Expectation) (*E, Expectation, error) {
	other, _, err := m.format.entry(earlier)
	if err != nil {
		return nil, expect, err
	}
	if kind == repetition {
		expect.Outcome = ExpectSkipped
		return other, expect, nil
	}
	m.format.leaf(e).setCommonNames(m.format.leaf(other).commonName())
	expect.Outcome, expect.Reason = ExpectRejected, string(manifest.ReasonContradiction)
	return e, expect, nil
}
