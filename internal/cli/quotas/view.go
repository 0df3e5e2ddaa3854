package quotas

import (
	"math"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// A row is one quota. Rates are in calls per second.
type row struct {
	Operation string       `json:"operation"`
	Code      string       `json:"quota_code"`
	Default   *float64     `json:"default"` // never nil
	Applied   *float64     `json:"applied"` // nil: no limit
	Source    quota.Source `json:"source"`
	Calls     *float64     `json:"calls_per_device,omitempty"` // nil: not called for a new device
	Needed    *float64     `json:"needed,omitempty"`           // nil: as above, or there is no --rate
	// Request is the value to request; nil if the quota is high enough.
	Request    *float64 `json:"request,omitempty"`
	Adjustable bool     `json:"adjustable"`
	Note       string   `json:"note,omitempty"`
}

// A view is what the command shows.
type view struct {
	rows    []row
	ceiling float64
	binding iot.Operation
	rate    float64
	devices int
	took    time.Duration // of that many devices; 0 if no quota limits them
	offline bool
	unread  string // why the account's quotas could not be read
}

// jointRegistrations is the name of the quota on registrations by all operations together.
const jointRegistrations = "certificates registered"

// viewQuotas returns the view of quotas. The rate in devices per second is 0 without --rate.
func viewQuotas(sources quota.Sources, a device.Attachments, rate float64, devices int, all bool) (view, error) {
	set, err := quota.Resolve(sources)
	if err != nil {
		return view{}, err
	}
	calls, values := quota.FreshPath(set, len(a.Policies), len(a.ThingGroups)), sources.Applied
	v := view{rate: rate, devices: devices}
	forecast, _ := engine.Predict(set, calls.Times(devices), devices)
	v.took = forecast.Took
	v.ceiling, v.binding = quota.Ceiling(set, calls)
	called := engine.Operations()
	for _, d := range quota.Defaults() {
		if !all && calls[d.Op] == 0 && !slices.Contains(called, d.Op) {
			continue
		}
		applied, source := d.TPS, quota.FromDefault
		if value := values[d.Code]; d.Code != "" && value > 0 {
			applied, source = value, quota.FromAccount
		}
		override, overridden := sources.Overrides[d.Op]
		if overridden {
			if applied, source = override.TPS, quota.FromFlag; override.Default {
				applied = d.TPS
			}
		}
		own := row{
			Operation: string(d.Op), Code: d.Code, Default: &d.TPS, Applied: limited(applied), Source: source,
			Adjustable: d.Adjustable, Note: d.Note,
		}
		own.need(calls[d.Op], rate)
		v.rows = append(v.rows, own)
		if value := values[quota.Registrations]; d.Op == iot.RegisterCertificateWithoutCA && value > 0 && !overridden {
			usual := quota.RegistrationsDefault
			joint := row{
				Operation: jointRegistrations, Code: quota.Registrations, Default: &usual, Applied: limited(value),
				Source: quota.FromAccount, Adjustable: true, Note: "counts registrations by all operations",
			}
			joint.need(calls[d.Op], rate)
			v.rows = append(v.rows, joint)
		}
	}
	return v, nil
}

// limited returns nil for the value that an endpoint without quotas reports.
func limited(tps float64) *float64 {
	if tps >= quota.Unbounded {
		return nil
	}
	return &tps
}

// need sets the quota that a rate needs with this many calls per device. Because an
// import stays a little below a quota, it is a little more than the calls.
func (r *row) need(calls, rate float64) {
	if calls == 0 {
		return
	}
	r.Calls = &calls
	if rate == 0 {
		return
	}
	needed := math.Ceil(rate*calls/quota.Margin - 1e-9)
	r.Needed = &needed
	if r.Applied != nil && *r.Applied < needed {
		r.Request = &needed
	}
}

// tooLow returns the rows whose quotas are too low.
func (v view) tooLow() []row {
	return slices.DeleteFunc(slices.Clone(v.rows), func(r row) bool { return r.Request == nil })
}
