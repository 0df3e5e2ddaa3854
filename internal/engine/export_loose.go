package engine

import (
	"crypto/sha256"
	"errors"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// rolls is the number of parts of a [rollCall].
const rolls = 4096

// A rollCall finds out which certificates one list has and another one lacks, in memory that does not grow with
// them. Each certificate belongs to a part by its ID. A part of which both lists have the same number of
// certificates and the same sum has the same certificates in both.
type rollCall struct{ parts [rolls]rollPart }

type rollPart struct {
	count int
	sum   [sha256.Size]byte // the hashes of the IDs, added without carry
}

func newRollCall() *rollCall { return &rollCall{} }

// rollOf returns the hash of an ID and the part to which it belongs. IDs of other endpoints may be anything.
func rollOf(id string) (hash [sha256.Size]byte, part int) {
	hash = sha256.Sum256([]byte(id))
	return hash, (int(hash[0])<<8 | int(hash[1])) % rolls
}

func (r *rollCall) add(id string) { r.change(id, 1) }

func (r *rollCall) remove(id string) { r.change(id, -1) }

func (r *rollCall) change(id string, by int) {
	hash, i := rollOf(id)
	p := &r.parts[i]
	p.count += by
	for at, b := range hash {
		p.sum[at] ^= b
	}
}

// balanced reports whether what was added and removed of the part of an ID is the same.
func (r *rollCall) balanced(id string) bool {
	_, i := rollOf(id)
	return r.parts[i] == rollPart{}
}

// findLoose passes on the certificates that are attached to no thing. A list has all certificates, and only those
// are looked up that belong to parts in which it has others than the things.
func (e *exportation) findLoose() error {
	s := e.session
	differs := false
	list := func(use func([]iot.Certificate, bool) bool) error {
		_, err := readPages(s, iot.ListCertificates, s.account.AWS.Certificates.ListCertificates, use)
		s.haltOnStop(err)
		return err
	}
	pages := 0
	if err := list(func(page []iot.Certificate, more bool) bool {
		for _, c := range page {
			e.attached.remove(c.ID)
		}
		pages++
		s.events.send(Reading{Operation: string(iot.ListCertificates), Pages: pages, Done: !more})
		return true
	}); err != nil {
		return err
	}
	for i := range e.attached.parts {
		differs = differs || e.attached.parts[i] != rollPart{}
	}
	if !differs {
		return nil
	}
	var listed error
	runPipeline(s, looseTasks(list, e.attached, &listed), func(t *task, runner *device.Runner) (r looked) {
		r.things, r.err = device.ThingsOf(s.account, t.thing.Name, runner.Do)
		return r
	}, func(t *task, r looked) {
		s.haltOnStop(r.err)
		e.mu.Lock()
		defer e.mu.Unlock()
		failure := failureIn(r.err)
		switch {
		case failure != nil:
			e.Left(LeftOut{CertificateID: t.device.ID, Reason: failure.Reason, Detail: failure.Error()})
		case r.err == nil && len(r.things) == 0:
			e.Left(LeftOut{CertificateID: t.device.ID, Reason: LeftNoThing, Detail: "the certificate is attached to no thing"})
		}
	}, func(time.Time) { e.tell(device.PartThings) })
	return listed
}

// looked are the things of a certificate.
type looked struct {
	things []iot.Link
	err    error
}

// looseTasks yields a task for each certificate that belongs to a part that is not balanced.
func looseTasks(list func(func([]iot.Certificate, bool) bool) error, r *rollCall, listed *error) iter.Seq[*task] {
	return func(yield func(*task) bool) {
		*listed = list(func(page []iot.Certificate, _ bool) bool {
			for _, c := range page {
				if r.balanced(c.ID) {
					continue
				}
				if !yield(&task{device: manifest.Device{ID: c.ID}, thing: iot.Thing{Name: c.ARN}}) {
					return false
				}
			}
			return true
		})
	}
}

// failureIn returns the *[device.FailedError] in err, or nil.
func failureIn(err error) *device.FailedError {
	var failure *device.FailedError
	_ = errors.As(err, &failure)
	return failure
}
