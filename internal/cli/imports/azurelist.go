package imports

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/azure"
)

// A knownDevice is a device of a list of Azure that has a thumbprint. It has no pointers, because there may be millions.
type knownDevice struct {
	at                 int   // where its name begins in the names of the list, which the registration ID follows
	name, registration uint8 // their lengths; that of the registration ID is 0 if it is the name
	entry              int32
	disabled, written  bool
	// contradicted is set if its certificate is that of an earlier device, which only the certificate tells.
	contradicted bool
	// found are the slots whose certificates were found.
	found [2]bool
}

// A slot is one of the two certificates that Azure keeps of a device.
type slot uint8

// Slots.
const (
	primary slot = iota
	secondary
)

// A slotRef is a slot of a known device: twice the index of the device, and the slot. There is one for each thumbprint.
type slotRef uint32

func (r slotRef) device() int32 { return int32(r / 2) }
func (r slotRef) slot() slot    { return slot(r % 2) }

// An azureList has the devices of a list of Azure by their thumbprints. It takes memory for each of them, less
// than 300 bytes, and none for other records. It is not safe for concurrent use.
type azureList struct {
	input   manifest.Input
	service azure.Service
	limits  manifest.Limits

	entries      int
	devices      []knownDevice
	names        []byte
	byName       map[uint64]int32 // by the hash of the name
	seed         maphash.Seed
	byThumbprint map[azure.Thumbprint]slotRef
	holds        bool // the list has certificates
}

// read reads the list, and passes on the records that no certificate can be found for.
func (l *azureList) read(ctx context.Context, leave func(leftOut) error) error {
	l.byName, l.byThumbprint, l.seed = map[uint64]int32{}, map[azure.Thumbprint]slotRef{}, maphash.MakeSeed()
	for r, err := range azure.Records(ctx, l.input, l.limits) {
		var rejected *manifest.EntryError
		switch {
		case err != nil && !errors.As(err, &rejected):
			return err
		case r.Service != l.service && r.Name() != "":
			return exit.UsageError(fmt.Errorf("%s: entry %d is of %s", l.input.Name, r.Entry, serviceNames[r.Service]),
				"write --from "+string(r.Service))
		}
		l.entries++
		out := l.recordOut(&r)
		if rejected != nil {
			out.Kind, out.Reason, out.Detail = leftRejected, rejected.Reason, rejected.Detail()
		} else {
			out.Kind, out.Detail = l.add(&r)
		}
		if out.Kind == "" {
			continue
		}
		if err := leave(out); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// nameOf returns the name of a device in Azure.
func (l *azureList) nameOf(d *knownDevice) string { return string(l.names[d.at : d.at+int(d.name)]) }

// registrationOf returns the registration ID of a device, or "" if that is its name.
func (l *azureList) registrationOf(d *knownDevice) string {
	at := d.at + int(d.name)
	return string(l.names[at : at+int(d.registration)])
}

// recordOut returns a record as it is reported.
func (l *azureList) recordOut(r *azure.Record) leftOut {
	out := leftOut{File: l.input.Name, Entry: r.Entry, Line: r.Line, ID: r.Name()}
	if r.RegistrationID != out.ID {
		out.RegistrationID = r.RegistrationID
	}
	if t := r.Primary.Thumbprint; !t.IsZero() {
		out.Thumbprint = t.String()
	} else {
		out.Thumbprint = r.Secondary.Thumbprint.String()
	}
	return out
}

// add adds a record. Otherwise it returns why the record is left out.
func (l *azureList) add(r *azure.Record) (kind, detail string) {
	switch {
	case r.Module:
		return leftModule, ""
	case r.Proof != azure.ProofThumbprint:
		return string(r.Proof), ""
	}
	name, hash := r.Name(), maphash.String(l.seed, r.Name())
	thumbprints := [...]azure.Thumbprint{r.Primary.Thumbprint, r.Secondary.Thumbprint}
	earlier, hashed := l.byName[hash]
	if hashed && l.nameOf(&l.devices[earlier]) == name {
		detail = fmt.Sprintf("entry %d is the same device", l.devices[earlier].entry)
		for _, t := range thumbprints {
			if ref, ok := l.byThumbprint[t]; !t.IsZero() && (!ok || ref.device() != earlier) {
				return leftContradiction, detail + ", with another thumbprint"
			}
		}
		return leftRepeated, detail
	}
	for _, t := range thumbprints {
		if ref, ok := l.byThumbprint[t]; ok {
			d := &l.devices[ref.device()]
			return leftContradiction, fmt.Sprintf("the certificate is that of device %s, entry %d", manifest.Quote(l.nameOf(d)), d.entry)
		}
	}
	at := int32(len(l.devices))
	if !hashed { // else another name has this hash, and a repetition of this one goes unnoticed here
		l.byName[hash] = at
	}
	for s, t := range thumbprints {
		if !t.IsZero() {
			l.byThumbprint[t] = slotRef(2*int(at) + s)
		}
	}
	known := knownDevice{at: len(l.names), name: uint8(len(name)), entry: int32(r.Entry), disabled: r.Disabled} // IDs have 128 characters
	l.names = append(l.names, name...)
	if r.RegistrationID != name {
		known.registration = uint8(len(r.RegistrationID))
		l.names = append(l.names, r.RegistrationID...)
	}
	l.devices = append(l.devices, known)
	l.holds = l.holds || r.Primary.Certificate != nil || r.Secondary.Certificate != nil
	return "", ""
}

// find returns the device whose certificate this is, and in which slot; nil if there is none.
func (l *azureList) find(der []byte) (*knownDevice, slot) {
	long, short := azure.ThumbprintsOf(der)
	first, ok := l.byThumbprint[long]
	other, also := l.byThumbprint[short]
	switch {
	case !ok && !also:
		return nil, 0
	case !ok:
		first = other
	case also && first.device() != other.device(): // one has the SHA-256 thumbprint, the other the SHA-1 one
		if other < first {
			first, other = other, first
		}
		l.devices[other.device()].contradicted = true
	}
	d := &l.devices[first.device()]
	d.found[first.slot()] = true
	return d, first.slot()
}

// certificates yields the certificates that the list has.
func (l *azureList) certificates(ctx context.Context, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		for r, err := range azure.Records(ctx, l.input, l.limits) {
			if err != nil && !errors.As(err, new(*manifest.EntryError)) {
				yield(manifest.Device{}, err)
				return
			}
			if err != nil || r.Module || r.Proof != azure.ProofThumbprint {
				continue
			}
			for _, s := range [...]azure.Slot{r.Primary, r.Secondary} {
				if s.Certificate == nil {
					continue
				}
				d := manifest.Device{Vendor: string(l.service), Manifest: l.input.Name, Entry: r.Entry, Line: r.Line, Certificate: s.Certificate}
				if err := opts.Admit(&d); err != nil {
					rejected := manifest.EntryError{
						Manifest: d.Manifest, Entry: d.Entry, Line: d.Line, ID: r.Name(), Reason: manifest.ReasonOf(err), Err: err,
					}
					if !yield(manifest.Device{}, &rejected) {
						return
					}
				} else if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// onlySecondary reports whether the secondary certificate of a device was found, and not its primary one.
func (d *knownDevice) onlySecondary() bool { return d.found[secondary] && !d.found[primary] }

// missing passes on the records whose certificates were not found, or not both, in the order of the list.
func (l *azureList) missing(ctx context.Context, leave func(leftOut) error) error {
	next := 0
	for r, err := range azure.Records(ctx, l.input, l.limits) {
		if next == len(l.devices) {
			break
		}
		d := &l.devices[next]
		switch {
		case err != nil && !errors.As(err, new(*manifest.EntryError)):
			return err
		case r.Entry != int(d.entry):
			continue
		}
		next++
		out := l.recordOut(&r)
		switch {
		case d.contradicted:
			out.Kind, out.Detail = leftContradiction, "the certificate is that of an earlier device, which has its other thumbprint"
		case !d.found[primary] && !d.found[secondary]:
			out.Kind = leftNoCertificate
		case d.found[primary] && d.found[secondary]:
			out.Kind, out.Thumbprint = leftSecond, r.Secondary.Thumbprint.String()
		default:
			continue
		}
		if err := leave(out); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// serviceNames are the services for people.
var serviceNames = map[azure.Service]string{
	azure.DPS: "Azure's Device Provisioning Service", azure.Hub: "Azure's IoT Hub",
}
