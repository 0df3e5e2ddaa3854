package dynamodb

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/manifest"
)

// Attributes of an entry. They are short because there may be a million entries.
const (
	attrVersion     = "v" // of the record; the mark has none
	attrOutcome     = "o"
	attrLine        = "l"
	attrID          = "id"
	attrThing       = "n"
	attrCertificate = "c"
	attrARN         = "a"
	attrReason      = "r"
	attrDetail      = "d"
	attrSteps       = "s" // JSON
	attrAt          = "t"

	attrMarked            = "m"
	attrMarkedCertificate = "mc"
	attrMarkedThing       = "mn"
)

// Limits of a record's texts in bytes, far above those of AWS and vendors. An item may have 400
// KB, and the texts of rejected entries can be of any length.
const (
	mostDetail = 32 << 10
	mostName   = 4 << 10
)

// row returns the item of a record, without a mark.
func (l *Ledger) row(id string, r *ledger.Record, version int64) (table.Item, error) {
	i := table.With(entryKey(id, r.Place), table.Item{
		attrVersion: table.Num(version), attrOutcome: table.Str(string(r.Outcome)), attrAt: table.Micros(r.At),
	})
	if r.Line != 0 {
		i[attrLine] = table.Num(r.Line)
	}
	table.Put(i, attrID, r.ID)
	table.Put(i, attrThing, r.ThingName)
	table.Put(i, attrCertificate, r.CertificateID.String())
	table.Put(i, attrARN, r.CertificateARN)
	table.Put(i, attrReason, r.Reason)
	table.Put(i, attrDetail, r.Detail)
	if len(r.Steps) > 0 {
		steps, err := json.Marshal(r.Steps)
		if err != nil {
			return nil, fmt.Errorf("steps of entry %d: %w", r.Entry, err)
		}
		table.Put(i, attrSteps, string(steps))
	}
	return l.table.Kept(i), nil
}

// recordOf reads the record of an item that has one.
func recordOf(i table.Item, place ledger.Place) (ledger.Record, error) {
	r := ledger.Record{
		Place: place, Line: int(table.Number(i, attrLine)), Outcome: ledger.Outcome(table.Text(i, attrOutcome)),
		ID: table.Text(i, attrID), ThingName: table.Text(i, attrThing),
		CertificateID: certificateID(i, attrCertificate), CertificateARN: table.Text(i, attrARN),
		Reason: table.Text(i, attrReason), Detail: table.Text(i, attrDetail), At: table.Instant(i, attrAt),
	}
	if steps := table.Text(i, attrSteps); steps != "" {
		if err := json.Unmarshal([]byte(steps), &r.Steps); err != nil {
			return r, fmt.Errorf("steps of entry %d: %w", place.Entry, err)
		}
	}
	return r, nil
}

func markOf(i table.Item, place ledger.Place) ledger.Mark {
	return ledger.Mark{
		Place: place, At: table.Instant(i, attrMarked),
		CertificateID: certificateID(i, attrMarkedCertificate), ThingName: table.Text(i, attrMarkedThing),
	}
}

// same reports whether two records of one entry are equal in the precision of the table.
func same(a, b *ledger.Record) bool {
	x, y := *a, *b
	x.Steps, y.Steps, x.At, y.At = nil, nil, time.Time{}, time.Time{}
	return reflect.DeepEqual(x, y) && a.At.UnixMicro() == b.At.UnixMicro() && slices.Equal(a.Steps, b.Steps)
}

// bounded returns the record with texts that are valid UTF-8 and within their limits.
func bounded(r ledger.Record) ledger.Record {
	for _, name := range []*string{&r.ID, &r.ThingName, &r.CertificateARN, &r.Reason} {
		*name = fitting(*name, mostName)
	}
	r.Detail = fitting(r.Detail, mostDetail)
	return r
}

func fitting(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// certificateID parses an ID that this package wrote, and returns the zero ID for anything
// else.
func certificateID(i table.Item, name string) manifest.CertificateID {
	id, _ := manifest.ParseCertificateID(table.Text(i, name))
	return id
}
