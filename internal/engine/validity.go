package engine

import (
	"crypto/x509"
	"time"
)

// A Validity is the validity of a certificate in whole days, in the four bytes that
// the index has for it. The zero value is unknown.
type Validity struct{ from, until uint16 } // days since 1970

// ValidityOf returns the validity of a certificate, unknown for nil. Days before
// 1970 or after 2149-06-06 become the first and the last of these.
func ValidityOf(c *x509.Certificate) Validity {
	if c == nil {
		return Validity{}
	}
	return Validity{daysOf(c.NotBefore), daysOf(c.NotAfter)}
}

const (
	day     = 24 * 60 * 60
	lastDay = 1<<16 - 1
)

func daysOf(t time.Time) uint16 { return uint16(min(max(t.Unix()/day, 0), lastDay)) }

// String returns both days, such as "2020-01-01 to 2028-01-01".
func (v Validity) String() string {
	until := dateOf(v.until)
	if v.until == lastDay {
		until = "a day after " + until
	}
	return dateOf(v.from) + " to " + until
}

func dateOf(days uint16) string { return time.Unix(int64(days)*day, 0).UTC().Format(time.DateOnly) }
