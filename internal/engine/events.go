package engine

import (
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// An Event reports progress: one of the types below, [Scanned] or [Finished].
// The last event of a [Run] is always a [Finished].
type Event interface{ event() }

// Events receives events, one at a time. The import waits for it, so it must
// return soon. A nil Events discards them.
type Events func(Event)

func (e Events) send(event Event) {
	if e != nil {
		e(event)
	}
}

// Calling is sent before the first call of a run, a comparison, a verification or an export.
type Calling struct {
	// InFlight returns the number of calls that wait for their answer. It is safe for concurrent use, also after the end.
	InFlight func() int
}

// Scanning is sent during the first pass, about five times a second.
type Scanning struct {
	// Manifest is the name of the manifest that is being read.
	Manifest string
	// Entries and Rejected count over all manifests.
	Entries, Rejected int
}

// Judged is sent during the first pass for each device that will be imported. The device must
// not be changed, and not be kept.
type Judged struct {
	Device *manifest.Device
	// Thing is what the device is to become.
	Thing iot.Thing
	// Wanted is what is wanted of it; nil if its entry asks for nothing of its own.
	Wanted *device.Wanted
}

// Continued is sent when a run resumes an import.
type Continued struct {
	Import string
	// Counts are the outcomes of earlier runs, InFlight the entries without an outcome
	// for which calls may have been made.
	Counts   ledger.Counts
	InFlight int
}

// Progress is sent about five times a second.
type Progress struct {
	// Counts are the outcomes so far, including those of earlier runs.
	Counts ledger.Counts
	// Rate is in devices per second, over the last seconds.
	Rate float64
	// Left is the estimated time to the end at the average rate, pauses aside; 0 if it is not
	// known.
	Left time.Duration
	// Ceiling is the rate that the quotas allow on the path that most devices
	// take now, in devices per second; 0 means no limit. Binding is the operation
	// whose quota that is.
	Ceiling float64
	Binding string
	// Throttled is the number of calls of this run that AWS refused because of their rate.
	Throttled int
	// InFlight is the number of devices that are being worked on, Window its maximum.
	InFlight, Window int
	// Paused reports whether the run is paused because nothing answers.
	Paused bool
}

// Paused is sent when every call has failed transiently for ten seconds.
type Paused struct{ Cause error }

// Resumed is sent when the endpoint answers again.
type Resumed struct{ After time.Duration }

// Reading is sent while the engine reads lists in pages, because many devices exist.
type Reading struct {
	// Operation reads the list, Pages is the number of pages so far, and Done
	// reports whether those are all.
	Operation string
	Pages     int
	Done      bool
}

// Baseline is sent while an import lists the things of the account before its first call, and at the
// end of that.
type Baseline struct {
	// Pages is the number of pages so far, and Existed how many of the import's things are on them.
	Pages, Existed int
	// Reading reports whether there are more pages.
	Reading bool
	// Known reports whether it is known, or found out for each device, which things the import creates.
	// If it is not, Cause is why.
	Known bool
	Cause error
}

// Comparing is sent during a comparison, about five times a second.
type Comparing struct {
	Done, Total int
	// Rate is in devices per second since the comparison began.
	Rate float64
	// Ceiling is the rate that the quotas of the reads allow for devices that
	// exist, in devices per second; 0 means no limit. Binding is the operation
	// whose quota that is.
	Ceiling float64
	Binding string
}

func (Calling) event()   {}
func (Scanning) event()  {}
func (Judged) event()    {}
func (Continued) event() {}
func (Progress) event()  {}
func (Paused) event()    {}
func (Resumed) event()   {}
func (Reading) event()   {}
func (Comparing) event() {}
func (Baseline) event()  {}

// tellEvery is the time between two events of progress.
const tellEvery = 200 * time.Millisecond
