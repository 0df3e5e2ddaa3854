// Package later has what later commands over the devices of imports need from a ledger, on a machine and
// in a stack: which entries they are about, what an undo may remove, and what verify wants.
package later

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Reasons of entries for which a later command has nothing to do. They are stable.
const (
	ReasonNotReached  = "not-reached"  // the import did not reach the entry
	ReasonNotImported = "not-imported" // the import rejected or skipped the entry
)

// ReasonUnsure is the reason of a device that a later command leaves out, because the import failed it
// or was killed before it recorded what it did. It is stable.
const ReasonUnsure = "unsure"

// A Reader reads a ledger with later commands.
type Reader interface {
	ledger.Reader
	// LaterCommands yields the later commands over an import, newest first. It stops at an error.
	LaterCommands(ctx context.Context, importID string) iter.Seq2[ledger.Import, error]
	// Marks yields the marks of entries of an import that have not been recorded since, in the order of
	// manifest and entry. It stops at an error.
	Marks(ctx context.Context, id string) iter.Seq2[ledger.Mark, error]
}

// Subjects yields every entry of the imports, one import after the other. Entries that were never
// sent to AWS have the outcome skipped. It stops at an error.
func Subjects(ctx context.Context, reader Reader, all []ledger.Import) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		first := 0 // manifest of the import, among those of all
		for _, i := range all {
			for s, err := range withSettings(ctx, reader, i, subjectsOf(ctx, reader, i)) {
				if err != nil {
					yield(nil, err)
					return
				}
				s.Place = ledger.Place{Manifest: first + s.Record.Manifest, Entry: s.Record.Entry}
				if !yield(s, nil) {
					return
				}
			}
			first += len(i.Manifests)
		}
	}
}

// subjectsOf yields the entries of one import with their places there.
func subjectsOf(ctx context.Context, reader Reader, i ledger.Import) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		records, stopRecords := iter.Pull2(reader.Records(ctx, i.ID))
		defer stopRecords()
		marks, stopMarks := iter.Pull2(reader.Marks(ctx, i.ID))
		defer stopMarks()
		record, err, recorded := records()
		mark, failed, marked := marks()
		for m := range i.Manifests {
			for entry := range i.Manifests[m].Entries {
				s := &engine.Subject{Import: i.ID, Record: ledger.Record{Place: ledger.Place{Manifest: m, Entry: entry}}}
				if err != nil || failed != nil {
					yield(nil, fmt.Errorf("read import %s: %w", i.ID, cmp.Or(err, failed)))
					return
				}
				if recorded && record.Place == s.Record.Place {
					s.Record = record
					record, err, recorded = records()
				}
				if marked && mark.Place == s.Record.Place {
					s.Marked = mark.At
					if s.Record.Outcome == "" {
						s.Record.ThingName, s.Record.CertificateID = mark.ThingName, mark.CertificateID
					}
					mark, failed, marked = marks()
				}
				passOver(s)
				if !yield(s, nil) {
					return
				}
			}
		}
	}
}

// withSettings adds to the entries of an import what they asked for, if the ledger keeps that.
func withSettings(ctx context.Context, reader Reader, i ledger.Import, subjects iter.Seq2[*engine.Subject, error],
) iter.Seq2[*engine.Subject, error] {
	keeper, ok := reader.(ledger.SettingsReader)
	if !ok {
		return subjects
	}
	return func(yield func(*engine.Subject, error) bool) {
		next, stop := iter.Pull2(keeper.Settings(ctx, i.ID))
		defer stop()
		asked, unread, more := next()
		for s, err := range subjects {
			if err == nil && more && unread == nil && asked.Place == s.Record.Place {
				if s.Settings, unread = engine.ParseRow(asked.Settings); unread == nil {
					asked, unread, more = next()
				}
			}
			if unread != nil {
				err = fmt.Errorf("read import %s: %w", i.ID, unread)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// passOver sets the outcome of an entry that was never sent to AWS.
func passOver(s *engine.Subject) {
	switch r := s.Record; {
	case len(r.Steps) > 0 || !s.Marked.IsZero():
	case r.Outcome == "":
		s.Outcome, s.Reason, s.Detail = ledger.Skipped, ReasonNotReached, "the import did not reach the entry"
	case r.Outcome == ledger.Rejected, r.Outcome == ledger.Skipped:
		s.Outcome, s.Reason, s.Detail = ledger.Skipped, ReasonNotImported, "the import "+string(r.Outcome)+" the entry"
	}
}

// IdentityOf returns the attribute that has the vendor's ID in manifests of a vendor.
func IdentityOf(vendor string) string {
	format, err := vendors.Lookup(vendor)
	for _, name := range []string{manifest.AttributeUniqueID, manifest.AttributeChipID, manifest.AttributeMAC} {
		if err == nil && slices.Contains(format.Attributes, name) {
			return name
		}
	}
	return ""
}

// VerbVerify is the verb of a `thingpress verify --fix` in the ledger.
const VerbVerify = "verify"

// StatusOf returns the status that a later command gives certificates, by its verb; empty if it gives none.
func StatusOf(verb string) iot.Status {
	switch verb {
	case "activate":
		return iot.StatusActive
	case "deactivate":
		return iot.StatusInactive
	}
	return ""
}
