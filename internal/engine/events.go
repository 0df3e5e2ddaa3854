package engine

import (
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// An Event tells what an import is at. The types that implement it are in this
// file. The last event of a [Run] is always a [Finished].
type Event interface{ event() }

// Events takes events, one at a time. It must return soon: the import waits. A
// nil Events is allowed.
type Events func(Event)

func (e Events) send(event Event) {
	if e != nil {
		e(event)
	}
}

// Scanning comes during the first pass, about five times a second.
type Scanning struct {
	// Manifest is the name of the one that is read.
	Manifest string
	// Entries and Rejected count over all manifests.
	Entries, Rejected int
}

// Continued comes at the beginning of a run that resumes an import.
type Continued struct {
	Import string
	// Counts are the outcomes of earlier runs, and InFlight the entries that were being worked on.
	Counts   ledger.Counts
	InFlight int
}

// Progress comes about five times a second.
type Progress struct {
	// Counts are the outcomes so far, earlier runs included.
	Counts ledger.Counts
	// Rate is in devices per second, over the last seconds.
	Rate float64
	// Left is the estimate of the time to the end; 0 where there is none.
	Left time.Duration
	// Ceiling is what the quotas allow on the path that most devices take
	// now, in devices per second; 0 is no limit. Binding is the operation whose quota it is.
	Ceiling float64
	Binding string
	// InFlight is the number of devices that are worked on, Window the most that may be.
	InFlight, Window int
	// Paused reports whether nothing answers.
	Paused bool
}

// Paused comes when every call of ten seconds failed transiently.
type Paused struct{ Cause error }

// Resumed comes when the endpoint answers again.
type Resumed struct{ After time.Duration }

// Reading comes when many devices turn out to exist, so that their state is read in pages.
type Reading struct {
	// Operation is the list that is read, Pages how many pages so far, Done whether that is all.
	Operation string
	Pages     int
	Done      bool
}

// Slowed comes when throttling answers made the engine lower its rate of an
// operation, at most once in ten seconds for each.
type Slowed struct {
	Operation string
	// Rate is the new rate, in calls per second.
	Rate float64
}

// Comparing comes during a comparison, about five times a second.
type Comparing struct {
	Done, Total int
	// Rate is in devices per second since the comparison began.
	Rate float64
	// Ceiling is what the quotas of the reads allow for devices that exist, in
	// devices per second; 0 is no limit. Binding is the operation whose quota it is.
	Ceiling float64
	Binding string
}

func (Scanning) event()  {}
func (Continued) event() {}
func (Progress) event()  {}
func (Paused) event()    {}
func (Resumed) event()   {}
func (Reading) event()   {}
func (Slowed) event()    {}
func (Comparing) event() {}

// tellEvery is the time between two events of progress.
const tellEvery = 200 * time.Millisecond
