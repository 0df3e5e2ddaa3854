package engine

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A Judge decides what becomes of the entries of manifests before anything is
// called. It is the only place that does. It is not safe for concurrent use,
// except that [Judge.Again] may be called while nothing else is.
type Judge struct {
	settings Settings
	layout   layout
	names    []string
	index    *Index
}

// NewJudge returns a judge of entries of which none has come yet.
func NewJudge(settings Settings) *Judge { return &Judge{settings: settings, index: NewIndex()} }

// A Verdict is what becomes of an entry.
type Verdict struct {
	// Outcome is Rejected or Skipped, and empty for a device that goes on to AWS.
	Outcome ledger.Outcome
	// Reason and Detail say why it does not.
	Reason manifest.Reason
	Detail string
	// Thing is what a device that goes on is to be.
	Thing iot.Thing
}

// Begin tells that the entries that follow are of this manifest.
func (j *Judge) Begin(manifest string) {
	j.layout.begin()
	j.names = append(j.names, manifest)
}

// Next judges the next entry: a device, or why there is none.
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

// Again judges an entry that was judged before, by its number among all
// entries, and comes to the same verdict. Its error is that the entry is not
// the one that was there before.
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
			Err: fmt.Errorf("entry %d is not the device that was there when it was first read", place.Entry),
		}
	}
	return j.relate(v, relation, earlier), nil
}

// judgeAlone judges an entry without regard to others.
func (j *Judge) judgeAlone(device *manifest.Device, rejected *manifest.EntryError) Verdict {
	if rejected != nil {
		return Verdict{Outcome: ledger.Rejected, Reason: rejected.Reason, Detail: rejected.Detail()}
	}
	// Both lists are asked, so that each knows what it matched.
	wanted, unwanted := j.settings.Only.names(device), j.settings.Skip.names(device)
	if unwanted || j.settings.Only != nil && !wanted {
		return Verdict{Outcome: ledger.Skipped, Reason: ReasonFiltered, Detail: "left out by the lists of devices"}
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
