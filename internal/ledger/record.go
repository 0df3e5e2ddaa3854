package ledger

import (
	"slices"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// Outcome is the result of one entry in one import.
type Outcome string

// Outcomes of an entry. An entry without one is pending.
const (
	Imported  Outcome = "imported"  // at least one call changed something
	Unchanged Outcome = "unchanged" // everything existed already
	Failed    Outcome = "failed"    // AWS refused, or there is a conflict
	Rejected  Outcome = "rejected"  // a bad entry, which was never sent to AWS
	Skipped   Outcome = "skipped"   // excluded by a filter, or an identical repetition
)

// Outcomes of an entry that only later commands have, next to all others except Imported.
const (
	Changed Outcome = "changed" // at least one call changed something
	Kept    Outcome = "kept"    // something was left as it is, for a reason
)

// Outcomes returns the outcomes of an import, in the order in which counts are shown.
func Outcomes() []Outcome { return []Outcome{Imported, Unchanged, Failed, Rejected, Skipped} }

// LaterOutcomes returns the outcomes of a later command, in the order in which counts are shown.
func LaterOutcomes() []Outcome { return []Outcome{Changed, Unchanged, Kept, Failed, Rejected, Skipped} }

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
	// CertificateID and ThingName are those that the entry would register and create.
	CertificateID manifest.CertificateID
	ThingName     string
	// At is the time by AWS's clock.
	At time.Time
	// Settings is what the entry asks for its own device, as JSON; empty for nothing. A ledger on one machine
	// keeps it for later commands after the mark is gone; others keep it by a [SettingsKeeper]. Marked does not
	// return it.
	Settings string
}

// An Asked is what an entry asked for its own device, as [Mark.Settings] has it.
type Asked struct {
	Place
	Settings string
}

// A Record is the outcome of one entry.
type Record struct {
	Place
	// Line is the line of the manifest, from 1; 0 if there is none.
	Line int
	// Outcome of the entry.
	Outcome Outcome
	// ID, ThingName, CertificateID and CertificateARN identify the device as far as it is
	// known.
	ID             string
	ThingName      string
	CertificateID  manifest.CertificateID
	CertificateARN string
	// Reason is a stable code for failed, rejected and skipped entries. Detail is a sentence.
	Reason string
	Detail string
	// Steps are the resources and attachments that the import made for the device.
	Steps []Step
	// At is the time of the outcome by the machine's clock.
	At time.Time
}

// A Step is a resource or attachment that an import made for a device.
type Step struct {
	// Operation is AWS's name of the call, such as AttachPolicy.
	Operation string `json:"operation"`
	// Resource is the name of the attached resource, such as a policy; empty if the operation
	// leaves no choice. A replacement records ListThingPrincipals with the ID of the certificate
	// that the thing had.
	Resource string `json:"resource,omitempty"`
	// Created reports whether the import made it. Otherwise the call succeeded, but its result
	// may have existed before ("ensured").
	Created bool `json:"created,omitempty"`
}

// MergeSteps returns the steps of an earlier and a later record of an entry, each operation and
// resource once, in the order in which they were first made. A step that either of them created
// is created. Neither argument is changed.
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
