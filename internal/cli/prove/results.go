package prove

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/proof"
	"github.com/thingpress/thingpress/internal/report"
)

// Outcomes of devices in reports.
const (
	outcomeAllowed  = "allowed"
	outcomeRefused  = "refused"
	outcomeUnproven = "unproven"
	outcomeSkipped  = string(ledger.Skipped)
)

// namesMost is the number of devices without a key, and of keys without a device, that are named.
const namesMost = 10

// results counts what devices may do, and passes it on. It is safe for concurrent use.
type results struct {
	prover  *prover
	json    bool
	streams terminal.Streams

	mu     sync.Mutex
	report *report.Writer // nil without a report
	failed error          // the first of writing
	rows   []requestLine
	// keyless are the first devices without a key, of which there are noKey.
	keyless []string
	noKey   int
}

func newResults(p *prover, streams terminal.Streams, json bool) *results {
	r := &results{prover: p, json: json, streams: streams}
	for _, request := range p.asked.requests {
		r.rows = append(r.rows, requestLine{Request: request.Text})
	}
	return r
}

// intoReport calls do, and writes what it finds into the file at path, if there is one.
func (r *results) intoReport(path string, do func()) error {
	if path == "" {
		do()
		return r.failed
	}
	err := newfile.Write(path, func(to io.Writer) (err error) {
		if r.report, err = report.New(to, filepath.Ext(path)); err != nil {
			return err
		}
		do()
		return errors.Join(r.failed, r.report.Flush())
	})
	if err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

// noting yields the subjects, and notes those that are skipped.
func (r *results) noting(subjects iter.Seq2[*engine.Subject, error]) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		for s, err := range subjects {
			if err == nil && s.Outcome != "" {
				r.skipped(s)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func (r *results) skipped(s *engine.Subject) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := s.Device()
	if s.Reason == string(proof.ReasonNoKey) {
		if r.noKey++; len(r.keyless) < namesMost {
			r.keyless = append(r.keyless, d.ThingName)
		}
	}
	r.write(s, outcomeSkipped, s.Reason, s.Detail)
}

// end takes the answers of a device whose program ended with an error. A device whose program the end of the
// command cut off has no result.
func (r *results) end(s *engine.Subject, answers answers, err error) {
	outcome, reason, detail := outcomeAllowed, "", ""
	var no *device.FailedError
	var unknown *device.KeptError
	switch {
	case errors.As(err, &no):
		outcome, reason, detail = outcomeRefused, string(no.Reason), no.Error()
	case errors.As(err, &unknown):
		outcome, reason, detail = outcomeUnproven, string(unknown.Reason), unknown.Error()
	case err != nil:
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, one := range answers {
		switch one.state {
		case allowed:
			r.rows[i].Allowed++
		case refused:
			r.rows[i].Refused++
		default:
			r.rows[i].Unproven++
		}
	}
	r.write(s, outcome, reason, detail)
	if outcome == outcomeAllowed || !r.json {
		return
	}
	r.failed = cmp.Or(r.failed, r.streams.PrintJSON(r.deviceLineOf(s, outcome, reason, answers)))
}

// write writes a row of the report.
func (r *results) write(s *engine.Subject, outcome, reason, detail string) {
	if r.report == nil {
		return
	}
	d, place := s.Device(), s.Place
	r.failed = cmp.Or(r.failed, r.report.Write(report.Row{
		Type: "outcome", Import: s.Import, Manifest: r.prover.session.Imports[0].Manifests[place.Manifest].Name, Entry: place.Entry,
		Line: d.Line, Outcome: outcome, ID: d.VendorID(), ThingName: d.ThingName, CertificateID: d.CertificateID,
		CertificateARN: s.Record.CertificateARN, Reason: reason, Detail: detail, At: time.Now().UTC(),
	}))
}
