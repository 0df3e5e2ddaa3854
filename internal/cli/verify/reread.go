package verify

import (
	"context"
	"errors"
	"iter"

	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
)

// withCertificates returns the subjects of an import, those whose certificates are gone with the certificates, which no
// ledger has: the manifests are read again where they were. A certificate that undo or replace deleted stays so. If a
// manifest is not there any more, or is another one, the certificates in it cannot be registered, which is noted.
func withCertificates(
	ctx context.Context, s *after.Session, gone map[string]bool, objects manifests.ObjectFlags, subjects iter.Seq2[*engine.Subject, error],
) (iter.Seq2[*engine.Subject, error], error) {
	if len(gone) == 0 {
		return subjects, nil
	}
	if err := leaveDeleted(ctx, s, gone); err != nil || len(gone) == 0 {
		return subjects, err
	}
	i := s.Imports[0]
	again, missing, err := imports.RereadPart(ctx, i, nil, s.Reading(objects))
	if err := errors.Join(append(missing, err)...); err != nil {
		s.Printer.Note("certificates that are gone cannot be registered: %v\nif you have the manifests, name them: %s", err, imports.FixLine(i))
	}
	if err != nil {
		return subjects, nil //nolint:nilerr // the other devices are mended
	}
	return func(yield func(*engine.Subject, error) bool) {
		defer again.Close() //nolint:errcheck // they were only read
		later.WithCertificates(subjects, gone, again.ByManifest(ctx))(yield)
	}, nil
}

// leaveDeleted takes from gone the certificates that an undo or a replacement of this ledger deleted.
func leaveDeleted(ctx context.Context, s *after.Session, gone map[string]bool) error {
	for _, id := range []string{s.Imports[0].ID, ""} { // "" stands for replacements
		if err := later.LeaveDeleted(ctx, s.Ledger, id, gone); err != nil {
			return err
		}
	}
	return nil
}
