package generate

import "crypto"

// A format makes the entries of one vendor. Its methods are safe for
// concurrent use.
type format[E any] interface {
	// entry returns a good entry, and the key of its certificate.
	entry(i int) (*E, crypto.Signer, error)
	// leaf returns the certificate of an entry.
	leaf(e *E) *draft
	// render returns an entry as it stands in the manifest.
	render(e *E) ([]byte, error)
}

// A maker makes the entries of a manifest. It is safe for concurrent use.
type maker[E any] struct {
	seed    seed
	format  format[E]
	keysDir string
}

func newMaker[E any](s seed, o Options, f format[E]) *maker[E] {
	return &maker[E]{seed: s, format: f, keysDir: o.KeysDir}
}

// made is a finished entry.
type made struct {
	text   []byte
	expect Expectation
}

func (m *maker[E]) make(i int) (made, error) {
	e, key, err := m.format.entry(i)
	if err != nil {
		return made{}, err
	}
	if m.keysDir != "" {
		if err := writeKey(m.keysDir, m.format.leaf(e).commonName(), key); err != nil {
			return made{}, err
		}
	}
	text, err := m.format.render(e)
	if err != nil {
		return made{}, err
	}
	return made{text, Expectation{Entry: i, Outcome: ExpectDevice}}, nil
}
