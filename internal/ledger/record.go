package ledger

import (
	"slices"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// Outcome is what became of one entry in one import.
type Outcome string

// Outcomes of an entry. An entry without one is pending.
const (
	Imported  Outcome = "imported"  // at least one call changed something
	Unchanged Outcome = "unchanged" // all was there already
	Failed    Outcome = "failed"    // AWS refused, or there is a conflict
	Rejected  Outcome = "rejected"  // a bad entry, never reached AWS
	Skipped   Outcome = "skipped"   // left out by a filter, or an identical repetition
)

// Outcomes returns all outcomes, in the order in which counts are told.
func Outcomes() []Outcome { return []Outcome{Imported, Unchanged, Failed, Rejected, Skipped} }

// Place is the position of an entry in an import.
type Place struct {
	// Manifest is the index of the manifest in [Import.Manifests].
	Manifest int `json:"manifest"`
	// Entry is the position in that manifest, from 0.
	Entry int `json:"entry"`
}

// A Mark is an entry in flight: calls for it may have been made since At.
type Mark struct {
	Place
	// CertificateID and ThingName are what the entry would register and create.
	CertificateID manifest.CertificateID
	ThingName     string
	// At is the time by AWS's clock.
	At time.Time
}

// A Record is the outcome of one entry.
type Record struct {
	Place
	// Line is the line of the manifest, from 1; 0 if there is none.
	Line int
	// Outcome is what became of the entry.
	Outcome Outcome
	// ID, ThingName, CertificateID and CertificateARN name the device as far
	// as it is known.
	ID             string
	ThingName      string
	CertificateID  manifest.CertificateID
	CertificateARN string
	// Reason is a stable code for failed, rejected and skipped entries, and
	// Detail a sentence.
	Reason string
	Detail string
	// Steps are what the import made for the device.
	Steps []Step
	// At is when the outcome was decided, by the machine's clock.
	At time.Time
}

// A Step is one thing that an import made for a device.
type Step struct {
	// Operation is AWS's name of the call, such as AttachPolicy.
	Operation string `json:"operation"`
	// Resource is the name of what was attached, such as the policy's; empty
	// if the operation leaves no choice.
	Resource string `json:"resource,omitempty"`
	// Created reports whether the import made it. Otherwise the call succeeded,
	// but what it asks for may have been there before ("ensured").
	Created bool `json:"created,omitempty"`
}

// MergeSteps returns the steps of an earlier record of an entry and those of a
// later one, each operation and resource once, in the order in which they were
// first made. What one of the two created stays created. Neither argument is
// changed.
func MergeSteps(earlier, later []Step) []Step {
	merged := make([]Step, 0, len(earlier)+len(later))
	for _, step := range slices.Concat(earlier, later) {
		i := slices.IndexFunc(merged, func(m Step) bool {
			return m.Operation == step.Operation && m.Resource == step.Resource
		})
		if i < 0 {
			merged = append(merged, step)
			continue
		}
		merged[i].Created = merged[i].Created || step.Created
	}
	return merged
}
