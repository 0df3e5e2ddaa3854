package engine

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A Judge decides what becomes of the entries of manifests before any call is
// made. It is the only place where this is decided. It is not safe for
// concurrent use.
type Judge struct {
	settings Settings
	variants *variants
	layout   layout
	names    []string
	index    *Index
	remedies remedies
	signers  map[manifest.CertificateID]bool
}

// NewJudge returns a judge that has seen no entry yet.
func NewJudge(settings Settings) *Judge {
	return &Judge{
		settings: settings, variants: newVariants(settings), index: NewIndex(),
		remedies: remedies{byReason: map[manifest.Reason]*Remedy{}}, signers: map[manifest.CertificateID]bool{},
	}
}

// A Verdict is a judge's decision about an entry.
type Verdict struct {
	// Outcome is Rejected or Skipped; empty for a device that goes on to AWS.
	Outcome ledger.Outcome
	// Reason and Detail explain the outcome.
	Reason manifest.Reason
	Detail string
	// Remedy has the facts about a rejected entry that decide what to do about it.
	Remedy Remedy
	// Thing is the thing that the device is to become.
	Thing iot.Thing
	// Wanted is what is wanted of the device; nil if its entry asks for nothing of its own.
	Wanted *device.Wanted

	variant *Variant
}

// Begin starts a manifest: the following entries are part of it.
func (j *Judge) Begin(manifest string) {
	j.layout.begin()
	j.names = append(j.names, manifest)
}

// Remedies returns the facts about the entries that were rejected so far, by reason.
func (j *Judge) Remedies() map[manifest.Reason]Remedy { return j.remedies.all() }

// Names reports whether an entry so far names a certificate as its signer.
func (j *Judge) Names(signer manifest.CertificateID) bool { return j.signers[signer] }

// Next judges the next entry: a device, or the error that the decoder returned instead.
func (j *Judge) Next(d *manifest.Device, rejected *manifest.EntryError) Verdict {
	j.layout.total++
	v := j.judgeAlone(d, rejected)
	signer := v.Remedy.Signer
	if rejected == nil {
		signer = d.Signer
	}
	j.signers[signer] = true
	if v.Outcome != "" {
		j.index.Skip()
	} else {
		m := j.index.Add(d)
		if v = j.relate(v, m, d); v.Outcome == "" && v.variant != nil {
			v.variant.Devices++
		}
		j.remedies.named(d.ThingName)
		if m.Relation == Contradictory && m.Name && !m.Certificate {
			j.remedies.clash(d, !v.Remedy.Renewal.IsZero())
		}
	}
	if v.Outcome == ledger.Rejected {
		j.remedies.learn(v.Reason, v.Remedy)
	}
	return v
}

// Again judges an entry that [Judge.Next] has judged before and returns the same
// verdict. Number is its position among all entries. Again returns a
// *[manifest.FileError] if another device is at that position now.
func (j *Judge) Again(number int, d *manifest.Device, rejected *manifest.EntryError) (Verdict, error) {
	v := j.judgeAlone(d, rejected)
	if v.Outcome != "" {
		return v, nil
	}
	m := j.index.again(d, number)
	if m.Relation == Unknown {
		place := j.layout.place(number)
		return v, &manifest.FileError{
			Vendor: d.Vendor, Manifest: j.names[place.Manifest], Reason: manifest.ReasonChanged,
			Err: fmt.Errorf("entry %d is another device than when the manifest was first read", place.Entry),
		}
	}
	return j.relate(v, m, d), nil
}

// judgeAlone judges an entry without comparing it with others.
func (j *Judge) judgeAlone(d *manifest.Device, rejected *manifest.EntryError) Verdict {
	if rejected != nil {
		j.settings.Only.NamesID(rejected.ID)
		j.settings.Skip.NamesID(rejected.ID)
		return Verdict{
			Outcome: ledger.Rejected, Reason: rejected.Reason, Detail: rejected.Detail(),
			Remedy: Remedy{Namings: rejected.Namings, Signer: rejected.Signer, AllowCA: j.settings.Decode.AllowCA},
		}
	}
	if outcome, reason, detail := j.settings.Select(d); outcome != "" {
		return Verdict{Outcome: outcome, Reason: manifest.Reason(reason), Detail: detail}
	}
	wanted, thing, variant, err := j.variants.thing(d)
	if err != nil {
		return Verdict{Outcome: ledger.Rejected, Reason: manifest.ReasonOf(err), Detail: err.Error()}
	}
	return Verdict{Thing: thing, Wanted: wanted, variant: variant}
}

func (j *Judge) relate(v Verdict, m Match, d *manifest.Device) Verdict {
	if m.Relation == Accepted {
		return v
	}
	place, theirs, ours := j.layout.place(m.Earlier), j.index.validity(m.Earlier), ValidityOf(d.Certificate)
	v.Outcome, v.Reason, v.Detail = m.Verdict(fmt.Sprintf("entry %d of %s", place.Entry, j.names[place.Manifest]), theirs, ours)
	if m.isRenewal(theirs, ours) {
		v.Remedy.Renewal = d.CertificateID
	}
	return v
}
