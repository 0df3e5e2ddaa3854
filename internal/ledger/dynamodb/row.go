package dynamodb

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Attributes of an entry; short, because a million entries have them.
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

// Bounds of a record's texts in bytes, far above what AWS and vendors allow: an
// item takes 400 KB, and texts may come from entries that are rejected.
const (
	mostDetail = 32 << 10
	mostName   = 4 << 10
)

// row is the item of a record, without mark.
func (l *Ledger) row(id string, r *ledger.Record, version int64) (item, error) {
	i := with(entryKey(id, r.Place), item{
		attrVersion: num(version), attrOutcome: str(string(r.Outcome)), attrAt: micros(r.At),
	})
	if r.Line != 0 {
		i[attrLine] = num(r.Line)
	}
	put(i, attrID, r.ID)
	put(i, attrThing, r.ThingName)
	put(i, attrCertificate, r.CertificateID.String())
	put(i, attrARN, r.CertificateARN)
	put(i, attrReason, r.Reason)
	put(i, attrDetail, r.Detail)
	if len(r.Steps) > 0 {
		steps, err := json.Marshal(r.Steps)
		if err != nil {
			return nil, fmt.Errorf("steps of entry %d: %w", r.Entry, err)
		}
		put(i, attrSteps, string(steps))
	}
	return l.kept(i), nil
}

// recordOf reads the record of an item that has one.
func recordOf(i item, place ledger.Place) (ledger.Record, error) {
	r := ledger.Record{
		Place: place, Line: int(number(i, attrLine)), Outcome: ledger.Outcome(text(i, attrOutcome)),
		ID: text(i, attrID), ThingName: text(i, attrThing),
		CertificateID: certificateID(i, attrCertificate), CertificateARN: text(i, attrARN),
		Reason: text(i, attrReason), Detail: text(i, attrDetail), At: instant(i, attrAt),
	}
	if steps := text(i, attrSteps); steps != "" {
		if err := json.Unmarshal([]byte(steps), &r.Steps); err != nil {
			return r, fmt.Errorf("steps of entry %d: %w", place.Entry, err)
		}
	}
	return r, nil
}

func markOf(i item, place ledger.Place) ledger.Mark {
	return ledger.Mark{
		Place: place, At: instant(i, attrMarked),
		CertificateID: certificateID(i, attrMarkedCertificate), ThingName: text(i, attrMarkedThing),
	}
}

// same says whether two records of one entry are equal, as the table keeps them.
func same(a, b *ledger.Record) bool {
	x, y := *a, *b
	x.Steps, y.Steps, x.At, y.At = nil, nil, time.Time{}, time.Time{}
	return reflect.DeepEqual(x, y) && a.At.UnixMicro() == b.At.UnixMicro() && slices.Equal(a.Steps, b.Steps)
}

// bounded returns the record as the table can hold it: with texts that fit and
// are UTF-8.
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

// certificateID reads an ID that this package wrote; anything else is none.
func certificateID(i item, name string) manifest.CertificateID {
	id, _ := manifest.ParseCertificateID(text(i, name))
	return id
}
