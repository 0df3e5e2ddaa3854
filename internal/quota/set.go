package quota

import (
	"fmt"
	"math"

	"github.com/thingpress/thingpress/internal/iot"
)

// A Source is where a quota comes from.
type Source string

// The sources, strongest first.
const (
	FromFlag    Source = "flag"
	FromAccount Source = "account"
	FromDefault Source = "default"
)

// A Quota is what limits one operation in one import.
type Quota struct {
	// Op is the operation.
	Op iot.Operation
	// TPS is calls per second, before the share is taken; +Inf if nothing limits it.
	TPS float64
	// Source is where TPS comes from.
	Source Source
	// Code is the Service Quotas code that TPS was read from or would be raised
	// by; [Registrations] if the joint limit binds; may be empty.
	Code string
}

// Sources is what [Resolve] resolves from, strongest first.
type Sources struct {
	// Overrides are the values of --quota.
	Overrides map[iot.Operation]Override
	// Applied are the account's values by Service Quotas code, in calls per
	// second; nil if they could not be read. A value that is not a positive
	// number is ignored, and a million and more is no quota.
	Applied map[string]float64
	// Share of every quota that is ours, above 0 and up to 1; 0 means 1.
	Share float64
}

// A Set holds the quota of every operation for one import. It does not change
// and is safe for concurrent use. The zero value limits nothing.
type Set struct {
	quotas map[iot.Operation]Quota
	share  float64
}

// Resolve takes for each operation the override, else the account's applied
// value, else the default. It fails only for a share outside (0, 1].
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

// Unbounded is the calls per second from which on a value means that there is no
// quota: an endpoint without quotas must report some number.
const Unbounded = 1e6

// Quota returns the quota of op, before the share is taken. An operation that
// is not in the table has none.
func (s Set) Quota(op iot.Operation) Quota {
	if q, ok := s.quotas[op]; ok {
		return q
	}
	return Quota{Op: op, TPS: math.Inf(1), Source: FromDefault}
}

// TPS returns the calls per second that the import may make of op: the quota
// times the share; +Inf if there is no quota.
func (s Set) TPS(op iot.Operation) float64 { return s.Quota(op).TPS * s.Share() }

// Share returns the part of every quota that is ours.
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
