package engine

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Reasons why something that the registry holds is not exported. They are stable. A thing that cannot be read
// has the reason of its [device.FailedError].
const (
	LeftNoCertificate manifest.Reason = "left-no-certificate"    // the thing has no certificate
	LeftOtherCert     manifest.Reason = "left-other-certificate" // a further certificate of a thing
	LeftOtherThing    manifest.Reason = "left-other-thing"       // the certificate belongs to another thing as well
	LeftStatus        manifest.Reason = "left-status"            // the certificate is neither ACTIVE nor INACTIVE
	LeftPrincipal     manifest.Reason = "left-principal"         // a principal that is not a certificate
	LeftNoThing       manifest.Reason = "left-no-thing"          // the certificate is attached to no thing
	LeftNoBody        manifest.Reason = "left-no-body"           // AWS returned no certificate that can be read
)

// An Exporting configures [Export]. Inventory, Write and Left must be set. Write and Left are called one at a
// time, in any order of the things.
type Exporting struct {
	// Group or Query choose things: those of a thing group and the groups below it, or those that match a query
	// of fleet indexing. If both are empty everything is exported, and certificates without a thing are looked for.
	Group, Query string
	Inventory    iot.Inventory
	// Sheets is the number of sheets, from 1 to 16. A sheet has each thing and each certificate once, as an import
	// takes them. Further certificates of a thing are on further sheets.
	Sheets int
	// Write receives each thing that was read.
	Write func(ExportedThing) error
	// Left receives what is not exported.
	Left func(LeftOut)
	// Earlier are the things that an interrupted export of the same things has written. They are not read again. The
	// sequence may end with an error. Nil are none.
	Earlier iter.Seq2[ExportedThing, error]
}

// An ExportedThing is what was read of a thing.
type ExportedThing struct {
	Thing        iot.Thing
	Groups       []string
	Dynamic      bool // a group chooses it by a query
	Certificates []ExportedCertificate
	// Left is what the thing has and is not exported.
	Left []LeftOut
}

// An ExportedCertificate is a certificate on a thing. Its PEM is one block.
type ExportedCertificate struct {
	device.HeldCertificate
	Sheet   int  // from 0
	Renamed bool // the thing is not named by the CN
	Shared  bool // it is attached to several things
}

// A LeftOut is something that is not exported. Thing or CertificateID may be empty.
type LeftOut struct {
	Thing, CertificateID string
	Reason               manifest.Reason
	Detail               string
}

// An Exported is the result of [Export].
type Exported struct {
	// Things were found. Devices were exported, Further of them on further sheets. Those of Earlier count.
	Things, Devices, Further int
	// Of the devices, Inactive have an INACTIVE certificate, Renamed a thing whose name is not the CN of the
	// certificate, and Exclusive are attached exclusively.
	Inactive, Renamed, Exclusive int
	// Dynamic things are in groups whose query chooses them, which no import could add them to.
	Dynamic int
	// Made are the calls, Took is how long it took.
	Made map[string]int
	Took time.Duration
}

// Exports is sent during an [Export], about five times a second.
type Exports struct {
	// Done of Total things were read, from which Devices follow.
	Done, Total, Devices int
	// Rate, Ceiling and Binding are as in [Comparing].
	Rate, Ceiling float64
	Binding       string
}

func (Exports) event() {}

// Export reads what an account and region holds. It changes nothing. First it lists the names of the things into a
// temporary file. Then it reads each thing with its certificates, in parallel within the quotas, so that its memory
// does not grow with the account, but with the number of thing groups, of certificates that several things have, and
// of things in Earlier, of which it keeps 16 bytes each.
//
// Its errors are those of [Verify], those of the list of things, and those of Earlier and Write. The result is valid
// with an error, too.
func Export(ctx context.Context, config Config, x Exporting) (Exported, error) {
	s := config.open(ctx)
	defer s.close()
	s.account.Links.ReadKinds()
	e := &exportation{
		session: s, Exporting: x, verifier: device.NewVerifier(s.account), started: time.Now(), shared: map[string]uint16{},
		attached: newRollCall(),
	}
	err := e.readEarlier(x.Earlier)
	if err == nil {
		err = e.exportAll()
	}
	e.result.Made, e.result.Took = s.caller.Tally().Calls, time.Since(e.started)
	if ended := compareError(ctx, s); ended != nil {
		return e.result, ended
	}
	return e.result, err
}

func (e *exportation) exportAll() error {
	names, err := e.listThings()
	if err != nil {
		return err
	}
	defer names.close()
	if err := e.exportThings(names); err != nil || e.Group != "" || e.Query != "" {
		return err
	}
	return e.findLoose()
}

// An exportation is an export under way.
type exportation struct {
	Exporting
	session  *session
	verifier *device.Verifier
	started  time.Time
	earlier  []fingerprint // of the names of things that an earlier run has exported, in order

	mu       sync.Mutex // guards all below
	done     int
	total    int
	result   Exported
	attached *rollCall         // the certificates of the things
	shared   map[string]uint16 // the sheets that have a certificate of several things, as bits
	failed   error             // the first of Write
}

// listThings lists the names of the things.
func (e *exportation) listThings() (*nameList, error) {
	names, err := newNameList()
	if err != nil {
		return nil, err
	}
	s, pages := e.session, 0
	take := func(op iot.Operation) func([]string, bool) bool {
		return func(page []string, more bool) bool {
			for _, name := range page {
				err = cmp.Or(err, names.add(name))
			}
			pages++
			s.events.send(Reading{Operation: string(op), Pages: pages, Done: !more})
			return err == nil
		}
	}
	var listed error
	switch {
	case e.Group != "":
		_, listed = readPages(s, iot.ListThingsInThingGroup, func(ctx context.Context, token string) ([]string, string, error) {
			return e.Inventory.ListThingsInThingGroupTree(ctx, e.Group, token)
		}, take(iot.ListThingsInThingGroup))
	case e.Query != "":
		_, listed = readPages(s, iot.SearchIndex, func(ctx context.Context, token string) ([]string, string, error) {
			page, next, err := e.Inventory.SearchIndex(ctx, e.Query, token)
			return namesOf(page, func(c iot.Connection) string { return c.Thing }), next, err
		}, take(iot.SearchIndex))
	default:
		_, listed = readPages(s, iot.ListThings, func(ctx context.Context, token string) ([]string, string, error) {
			page, next, err := s.account.AWS.Things.ListThings(ctx, token)
			return namesOf(page, func(t iot.Thing) string { return t.Name }), next, err
		}, take(iot.ListThings))
	}
	s.haltOnStop(listed)
	if listed != nil {
		err = listed
	}
	if err != nil {
		names.close()
		return nil, err
	}
	e.total = names.count
	return names, nil
}

func namesOf[T any](page []T, name func(T) string) []string {
	names := make([]string, len(page))
	for i, one := range page {
		names[i] = name(one)
	}
	return names
}

// exportThings reads the things and passes them on.
func (e *exportation) exportThings(names *nameList) error {
	s := e.session
	type read struct {
		device.Holding
		err error
	}
	runPipeline(s, e.tasks(names), func(t *task, runner *device.Runner) read {
		held, err := e.verifier.Holding(t.thing.Name, runner.Do)
		return read{held, err}
	}, func(t *task, r read) {
		s.haltOnStop(r.err)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.note(t.thing.Name, r.Holding, r.err)
		if e.failed != nil {
			s.halt(e.failed)
		}
	}, func(time.Time) { e.tell(device.PartAll) })
	return e.failed
}

// tasks yields a task for each name.
func (e *exportation) tasks(names *nameList) iter.Seq[*task] {
	return func(yield func(*task) bool) {
		for name, err := range names.all() {
			if err != nil {
				e.session.halt(err)
				return
			}
			if _, found := slices.BinarySearchFunc(e.earlier, fingerprintOf(name), fingerprint.compare); found {
				e.mu.Lock()
				e.total--
				e.mu.Unlock()
				continue
			}
			if !yield(&task{thing: iot.Thing{Name: name}}) {
				return
			}
		}
	}
}

// tell sends the progress of reading these parts of things, and adapts the window.
func (e *exportation) tell(parts device.Parts) {
	ceiling, binding := e.session.lookCeiling(parts)
	e.session.window.fit(ceiling)
	e.mu.Lock()
	p := comparing(e.started, e.done, e.total, ceiling, binding)
	devices := e.result.Devices
	e.mu.Unlock()
	e.session.events.send(Exports{
		Done: p.Done, Total: p.Total, Devices: devices, Rate: p.Rate, Ceiling: p.Ceiling, Binding: p.Binding,
	})
}

// note passes on what was read of a thing.
func (e *exportation) note(thing string, held device.Holding, err error) {
	failure := failureIn(err)
	switch {
	case err != nil && failure == nil:
		return // the export has ended
	case failure != nil:
		e.done++
		e.result.Things++
		e.Left(LeftOut{Thing: thing, Reason: failure.Reason, Detail: failure.Error()})
		return
	}
	e.done++
	if held.Thing == nil {
		return // it was deleted meanwhile
	}
	t := ExportedThing{Thing: *held.Thing, Groups: held.Groups, Dynamic: len(held.Dynamic) > 0}
	for _, other := range held.Others {
		t.Left = append(t.Left, LeftOut{Thing: thing, Reason: LeftPrincipal, Detail: "principal " + manifest.Quote(other)})
	}
	if len(held.Certificates) == 0 && len(held.Others) == 0 {
		t.Left = append(t.Left, LeftOut{Thing: thing, Reason: LeftNoCertificate, Detail: "the thing has no principal"})
	}
	var used uint16 // the sheets that have the thing, as bits
	for _, c := range held.Certificates {
		e.meet(c.ID, len(c.Things) > 1)
		exported, left := e.place(&held, c, used)
		if left != nil {
			t.Left = append(t.Left, *left)
			continue
		}
		used |= 1 << exported.Sheet
		t.Certificates = append(t.Certificates, *exported)
		e.occupy(exported)
	}
	e.count(&t)
	if err := e.Write(t); err != nil && e.failed == nil {
		e.failed = err
	}
}
