package quota

import (
	"fmt"
	"maps"
	"math"

	"github.com/thingpress/thingpress/internal/iot"
)

// A Source is the origin of a quota.
type Source string

// The sources, strongest first.
const (
	FromFlag    Source = "flag"
	FromAccount Source = "account"
	FromDefault Source = "default"
)

// A Quota is the limit of one operation in one import.
type Quota struct {
	// Op is the operation.
	Op iot.Operation
	// TPS is the quota in calls per second, not yet multiplied by the share; +Inf if nothing
	// limits it.
	TPS float64
	// Source is the origin of TPS.
	Source Source
	// Code is the Service Quotas code of TPS, or [Registrations] if that limit is lower; may be
	// empty.
	Code string
}

// Sources are the inputs of [Resolve], strongest first.
type Sources struct {
	// Overrides are the values of --quota.
	Overrides map[iot.Operation]Override
	// Applied are the account's values by Service Quotas code, in calls per second; nil if they
	// could not be read. Values that are not positive numbers are ignored, and values of a
	// million or more mean no quota.
	Applied map[string]float64
	// Share is the part of every quota that the import may use, above 0 and up to 1; 0 means 1.
	Share float64
}

// A Set contains the quota of every operation for one import. It is immutable and safe for
// concurrent use. The zero value limits nothing.
type Set struct {
	quotas map[iot.Operation]Quota
	share  float64
}

// Resolve returns for each operation the override, or else the account's applied value, or else
// the default. It fails only for a share outside (0, 1].
func Resolve(from Sources) (Set, error) {
	share := from.Share
	if share == 0 {
		share = 1
	}
	if !(share > 0 && share <= 1) {
		return Set{}, fmt.Errorf("share %g: must be above 0 and at most 1", share)
	}
	s := Set{quotas: make(map[iot.Operation]Quota, len(defaults)), share: share}
	for _, d := range defaults {
		s.quotas[d.Op] = resolve(d, from)
	}
	return s, nil
}

func resolve(d Default, from Sources) Quota {
	q := Quota{Op: d.Op, TPS: d.TPS, Source: FromDefault, Code: d.Code}
	if o, ok := from.Overrides[d.Op]; ok {
		q.Source = FromFlag
		if !o.Default {
			q.TPS = o.TPS
		}
		return q
	}
	if v := from.Applied[d.Code]; d.Code != "" && usable(v) {
		q.TPS, q.Source = v, FromAccount
		if v >= Unbounded {
			q.TPS = math.Inf(1)
		}
	}
	if v := from.Applied[Registrations]; d.Op == iot.RegisterCertificateWithoutCA && usable(v) && v < q.TPS {
		q.TPS, q.Source, q.Code = v, FromAccount, Registrations
	}
	return q
}

func usable(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// Unbounded is the number of calls per second from which a value means that there is no quota,
// since an endpoint without quotas must report some number.
const Unbounded = 1e6

// Quota returns the quota of op, not yet multiplied by the share. An operation outside the
// table has no quota.
func (s Set) Quota(op iot.Operation) Quota {
	if q, ok := s.quotas[op]; ok {
		return q
	}
	return Quota{Op: op, TPS: math.Inf(1), Source: FromDefault}
}

// With returns a set that has one more quota, or another one for its operation.
func (s Set) With(q Quota) Set {
	quotas := maps.Clone(s.quotas)
	if quotas == nil {
		quotas = map[iot.Operation]Quota{}
	}
	quotas[q.Op] = q
	return Set{quotas: quotas, share: s.share}
}

// TPS returns the calls of op per second that the import may make: the quota times the share,
// or +Inf without a quota.
func (s Set) TPS(op iot.Operation) float64 { return s.Quota(op).TPS * s.Share() }

// Share returns the part of every quota that the import may use.
func (s Set) Share() float64 {
	if s.share == 0 {
		return 1
	}
	return s.share
}

// All returns the quotas in the order of the table.
func (s Set) All() []Quota {
	all := make([]Quota, 0, len(defaults))
	for _, d := range defaults {
		all = append(all, s.Quota(d.Op))
	}
	return all
}
