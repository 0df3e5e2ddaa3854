package later

import (
	"context"
	"iter"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// LeaveDeleted takes from gone the IDs of certificates that an undo or a replacement deleted. The commands are those
// over an import, or those over manifests if the ID is empty.
func LeaveDeleted(ctx context.Context, reader Reader, importID string, gone map[string]bool) error {
	for command, err := range reader.LaterCommands(ctx, importID) {
		if err != nil {
			return err
		}
		if StatusOf(command.Verb) != "" || command.Verb == VerbVerify {
			continue // it deletes nothing
		}
		for record, err := range reader.Records(ctx, command.ID) {
			if err != nil {
				return err
			}
			for _, step := range record.Steps {
				switch iot.Operation(step.Operation) {
				case iot.DeleteCertificate:
					delete(gone, record.CertificateID.String())
				case iot.ListThingPrincipals: // of a replacement: the old certificate
					delete(gone, step.Resource)
				default:
				}
			}
		}
	}
	return nil
}

// WithCertificates yields subjects of imports, those whose certificates are gone with the certificates. A ledger has only
// their IDs, so they are read again: manifests has, by their index, the devices of the manifests, and nil for one that
// cannot be read again. An entry that cannot be read, or has another certificate, has none.
func WithCertificates(
	subjects iter.Seq2[*engine.Subject, error], gone map[string]bool, manifests []iter.Seq2[manifest.Device, error],
) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		var next func() (manifest.Device, error, bool)
		stop := func() {}
		defer func() { stop() }()
		reading, entry := -1, -1 // manifest, and last entry that was read
		for subject, err := range subjects {
			if err == nil && gone[subject.Record.CertificateID.String()] && manifests[subject.Manifest] != nil {
				if reading != subject.Manifest {
					stop()
					next, stop = iter.Pull2(manifests[subject.Manifest])
					reading, entry = subject.Manifest, -1
				}
				for entry < subject.Record.Entry {
					d, _, more := next()
					if !more {
						break
					}
					if entry++; entry == subject.Record.Entry && d.Certificate != nil && d.CertificateID == subject.Record.CertificateID {
						known := subject.Device()
						known.Certificate = d.Certificate
						subject.Decoded = &known
					}
				}
			}
			if !yield(subject, err) {
				return
			}
		}
	}
}
