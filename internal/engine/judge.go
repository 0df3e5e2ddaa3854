package engine

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A Judge decides what becomes of the entries of manifests before any call is
// made. It is the only place where this is decided. It is not safe for
// concurrent use.
type Judge struct {
	settings Settings
	layout   layout
	names    []string
	index    *Index
}

// NewJudge returns a judge that has seen no entry yet.
func NewJudge(settings Settings) *Judge { return &Judge{settings: settings, index: NewIndex()} }

// A Verdict is a judge's decision about an entry.
type Verdict struct {
	// Outcome is Rejected or Skipped; empty for a device that goes on to AWS.
	Outcome ledger.Outcome
	// Reason and Detail explain the outcome.
	Reason manifest.Reason
	Detail string
	// Thing is the thing that the device is to become.
	Thing iot.Thing
}

// Begin starts a manifest: the following entries are part of it.
func (j *Judge) Begin(manifest string) {
	j.layout.begin()
	j.names = append(j.names, manifest)
}

// Next judges the next entry: a device, or the error that the decoder returned instead.
func (j *Judge) Next(device *manifest.Device, rejected *manifest.EntryError) Verdict {
	j.layout.total++
	v := j.judgeAlone(device, rejected)
	if v.Outcome != "" {
		j.index.Skip()
		return v
	}
	relation, earlier := j.index.Add(device)
	return j.relate(v, relation, earlier)
}

// Again judges an entry that [Judge.Next] has judged before and returns the same
// verdict. Number is its position among all entries. Again returns a
// *[manifest.FileError] if another device is at that position now.
func (j *Judge) Again(number int, device *manifest.Device, rejected *manifest.EntryError) (Verdict, error) {
	v := j.judgeAlone(device, rejected)
	if v.Outcome != "" {
		return v, nil
	}
	relation, earlier := j.index.again(device, number)
	if relation == Unknown {
		place := j.layout.place(number)
		return v, &manifest.FileError{
			Vendor: device.Vendor, Manifest: j.names[place.Manifest], Reason: manifest.ReasonChanged,
			Err: fmt.Errorf("entry %d is another device than when the manifest was first read", place.Entry),
		}
	}
	return j.relate(v, relation, earlier), nil
}

// judgeAlone judges an entry without comparing it with others.
func (j *Judge) judgeAlone(device *manifest.Device, rejected *manifest.EntryError) Verdict {
	if rejected != nil {
		return Verdict{Outcome: ledger.Rejected, Reason: rejected.Reason, Detail: rejected.Detail()}
	}
	// Ask both lists: each keeps track of the lines that matched.
	wanted, unwanted := j.settings.Only.names(device), j.settings.Skip.names(device)
	if unwanted || j.settings.Only != nil && !wanted {
		return Verdict{Outcome: ledger.Skipped, Reason: ReasonFiltered, Detail: "excluded by the list of devices"}
	}
	thing, err := j.settings.Attachments.Thing(device)
	if err != nil {
		return Verdict{Outcome: ledger.Rejected, Reason: manifest.ReasonOf(err), Detail: err.Error()}
	}
	return Verdict{Thing: thing}
}

func (j *Judge) relate(v Verdict, relation Relation, earlier int) Verdict {
	if relation == Accepted {
		return v
	}
	place := j.layout.place(earlier)
	v.Outcome, v.Reason, v.Detail = relation.Verdict(fmt.Sprintf("entry %d of %s", place.Entry, j.names[place.Manifest]))
	return v
}
