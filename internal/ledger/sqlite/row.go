package sqlite

import (
	"fmt"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// outcomes are stored as their indexes, which must never change.
var outcomes = [...]ledger.Outcome{
	1: ledger.Imported,
	2: ledger.Unchanged,
	3: ledger.Failed,
	4: ledger.Rejected,
	5: ledger.Skipped,
	6: ledger.Changed,
	7: ledger.Kept,
}

func outcomeNumber(o ledger.Outcome) (int, error) {
	if number := slices.Index(outcomes[:], o); number > 0 {
		return number, nil
	}
	return 0, fmt.Errorf("unknown outcome %q", o)
}

func outcomeOf(number int) (ledger.Outcome, error) {
	if number < 1 || number >= len(outcomes) {
		return "", fmt.Errorf("unknown outcome %d", number)
	}
	return outcomes[number], nil
}

// packCertificate returns the column of a certificate ID: 32 bytes, or the empty string if
// there is none.
func packCertificate(id manifest.CertificateID) any {
	if id.IsZero() {
		return ""
	}
	return id[:]
}

func unpackCertificate(column any) (id manifest.CertificateID) {
	raw, _ := column.([]byte)
	copy(id[:], raw)
	return id
}

// usualARN stands for the ARN that follows from target and certificate ID.
const usualARN = "*"

func certificateARN(target ledger.Target, id manifest.CertificateID) string {
	return target.ARN("cert/" + id.String())
}

func packARN(target ledger.Target, id manifest.CertificateID, arn string) string {
	if arn != "" && arn == certificateARN(target, id) {
		return usualARN
	}
	return arn
}

func unpackARN(target ledger.Target, id manifest.CertificateID, column string) string {
	if column == usualARN {
		return certificateARN(target, id)
	}
	return column
}

func packTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func unpackTime(column int64) time.Time {
	if column == 0 {
		return time.Time{}
	}
	return time.UnixMicro(column).UTC()
}
