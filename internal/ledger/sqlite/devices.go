package sqlite

import (
	"context"
	"encoding/json"
	"iter"
	"strings"

	"github.com/thingpress/thingpress/internal/ledger"
)

// conditionOf returns the condition that a row is of the device, and its arguments. Marks have no
// vendor ID.
func conditionOf(n ledger.DeviceNames, withIDs bool) (condition string, args []any) {
	parts := []string{"FALSE"}
	in := func(column string, names []string) {
		for _, name := range names {
			parts, args = append(parts, column+" = ?"), append(args, name)
		}
	}
	in("thing", n.Things)
	if withIDs {
		in("entries.id", n.IDs)
	}
	if !n.Certificate.IsZero() {
		parts, args = append(parts, "certificate = ?"), append(args, n.Certificate[:])
	}
	return strings.Join(parts, " OR "), args
}

// Devices yields the records of a device in all imports, in their order, and then its marks. There is
// no index for it, because every import would pay for it: it reads all entries, which takes about a
// second for a million.
func (r *Reader) Devices(ctx context.Context, names ledger.DeviceNames) iter.Seq2[ledger.Found, error] {
	return func(yield func(ledger.Found, error) bool) {
		condition, args := conditionOf(names, true)
		//nolint:gosec // a condition has names of columns and question marks
		rows, err := r.db.QueryContext(ctx, `SELECT imports.id, target, manifest, entry, line, outcome, entries.id, thing, certificate, arn,
			reason, detail, coalesce(steps.steps, ''), at
			FROM entries JOIN imports ON imports.seq = import LEFT JOIN steps ON steps.id = entries.steps
			WHERE `+condition+` ORDER BY import, manifest, entry`, args...)
		scan := func() (f ledger.Found, err error) {
			var target, steps []byte
			var outcome int
			var at int64
			var certificate any
			if err := rows.Scan(&f.Import, &target, &f.Manifest, &f.Entry, &f.Line, &outcome, &f.ID, &f.ThingName, &certificate,
				&f.CertificateARN, &f.Reason, &f.Detail, &steps, &at); err != nil {
				return f, err
			}
			var where ledger.Target
			if err := json.Unmarshal(target, &where); err != nil {
				return f, err
			}
			if len(steps) > 0 {
				if err := json.Unmarshal(steps, &f.Steps); err != nil {
					return f, err
				}
			}
			f.CertificateID, f.At = unpackCertificate(certificate), unpackTime(at)
			f.CertificateARN = unpackARN(where, f.CertificateID, f.CertificateARN)
			f.Outcome, err = outcomeOf(outcome)
			return f, err
		}
		goOn := true
		each(r.path, rows, err, scan, func(f ledger.Found, err error) bool {
			goOn = yield(f, err) && err == nil
			return goOn
		})
		if !goOn {
			return
		}
		condition, args = conditionOf(names, false)
		//nolint:gosec // as above
		marks, err := r.db.QueryContext(ctx, `SELECT imports.id, manifest, entry, certificate, thing, at
			FROM marks JOIN imports ON imports.seq = import WHERE `+condition+` ORDER BY import, manifest, entry`, args...)
		each(r.path, marks, err, func() (f ledger.Found, err error) {
			var certificate any
			var at int64
			err = marks.Scan(&f.Import, &f.Manifest, &f.Entry, &certificate, &f.ThingName, &at)
			f.CertificateID, f.At = unpackCertificate(certificate), unpackTime(at)
			return f, err
		}, yield)
	}
}
