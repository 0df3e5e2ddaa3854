package engine

import (
	"fmt"

	"github.com/thingpress/thingpress/manifest"
)

// A Difference compares the devices of two manifests, called here and there, whatever their
// formats. The manifest here is read first, then the one there, then the one here once more. It
// keeps about 47 bytes for each entry of both. It is not safe for concurrent use.
type Difference struct {
	here, there *Index
	found       bitset // entries here that are there too
}

// NewDifference returns a Difference that has seen no entry.
func NewDifference() *Difference { return &Difference{here: NewIndex(), there: NewIndex()} }

// A Kinship is how a device of one manifest relates to those of another.
type Kinship int

// Kinships.
const (
	Alone            Kinship = iota // the other manifest does not have the device
	Same                            // the other one has it
	OtherCertificate                // the other one has it with another certificate
	OtherDevice                     // the other one has the certificate for another ID or thing name
)

// AddHere adds the next entry of the manifest here; nil stands for one that is rejected. The match
// is with an earlier entry of the same manifest, and such a device is not compared if it has one.
func (x *Difference) AddHere(d *manifest.Device) Match { return addTo(x.here, d) }

// AddThere adds the next entry of the manifest there, as AddHere does. It also returns how the
// device relates to those here, and the number of the entry here; -1 for none.
func (x *Difference) AddThere(d *manifest.Device) (within Match, kin Kinship, entry int) {
	within = addTo(x.there, d)
	if d == nil || within.Relation != Accepted {
		return within, Alone, -1
	}
	kin, entry = x.here.kinOf(x.here.keyOf(withFoldedID(d)))
	if entry >= 0 {
		x.found.set(entry)
	}
	return within, kin, entry
}

// OnlyHere reports whether an entry of the manifest here, which is read again, is missing there. The
// error is a *[manifest.FileError] if another device is at its place now.
func (x *Difference) OnlyHere(entry int, d *manifest.Device) (bool, error) {
	switch x.here.again(withFoldedID(d), entry).Relation {
	case Accepted:
		return !x.found.has(entry), nil
	case Unknown:
		return false, &manifest.FileError{
			Vendor: d.Vendor, Manifest: d.Manifest, Entry: entry, Reason: manifest.ReasonChanged,
			Err: fmt.Errorf("entry %d is another device than when the manifest was first read", entry),
		}
	}
	return false, nil
}

func addTo(x *Index, d *manifest.Device) Match {
	if d == nil {
		x.Skip()
		return Match{}
	}
	return x.Add(withFoldedID(d))
}

// withFoldedID returns a copy of a device whose ID does not depend on how a format writes it.
func withFoldedID(d *manifest.Device) *manifest.Device {
	folded := *d
	if id, ok := foldID(d.ID); ok {
		folded.ID = id
	}
	return &folded
}

// kinOf finds the accepted entry that is closest to a device: the one with its certificate, else
// with its vendor ID, else with its name unless their IDs are known to differ.
func (x *Index) kinOf(k key) (Kinship, int) {
	if e, ok := x.cert.find(k.cert, x.certOf); ok {
		theirs := x.at(e)
		if theirs.name != k.name || theirs.id != 0 && k.id != 0 && theirs.id != k.id {
			return OtherDevice, int(e)
		}
		return Same, int(e)
	}
	if k.id != 0 {
		if e, ok := x.id.find(k.id, x.idOf); ok {
			return OtherCertificate, int(e)
		}
	}
	if e, ok := x.name.find(k.name, x.nameOf); ok && (k.id == 0 || x.at(e).id == 0) {
		return OtherCertificate, int(e)
	}
	return Alone, -1
}
