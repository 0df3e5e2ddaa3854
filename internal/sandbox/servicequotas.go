package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// unlimited is the value that Service Quotas reports for an operation without a quota.
const unlimited = 1e6

// quotaOperations are the operations of Service Quotas, by X-Amz-Target.
var quotaOperations = func() map[string]*operation {
	all := map[string]*operation{}
	for name, handle := range map[string]handler{
		"ListServiceQuotas":           listQuotas(backend.appliedQuota),
		"ListAWSDefaultServiceQuotas": listQuotas(backend.defaultQuota),
		"GetServiceQuota":             getQuota(backend.appliedQuota),
		"GetAWSDefaultServiceQuota":   getQuota(backend.defaultQuota),
		"RequestServiceQuotaIncrease": requestServiceQuotaIncrease,
	} {
		all["ServiceQuotasV20190624."+name] = &operation{name, handle}
	}
	return all
}()

// quotaRequest has the members of all requests to Service Quotas.
type quotaRequest struct {
	ServiceCode, QuotaCode, NextToken string
	MaxResults                        int
	DesiredValue                      float64
}

type serviceQuota struct {
	ServiceCode, ServiceName, QuotaArn, QuotaCode, QuotaName, Unit string
	Value                                                          float64
	Adjustable, GlobalQuota                                        bool
	Period                                                         map[string]any
}

func badRequest(code, format string, args ...any) error {
	return registry.Refuse(http.StatusBadRequest, code, format, args...)
}

// Subject returns the quota's code.
func (in *quotaRequest) Subject() string { return in.QuotaCode }

func (c *call) quotaRequest() (in quotaRequest, err error) {
	c.in = &in
	if json.Unmarshal(c.body, &in) != nil {
		return in, badRequest("SerializationException", "The request body is not valid for %s", c.name)
	}
	if in.ServiceCode != quota.ServiceCode {
		return in, badRequest("NoSuchResourceException", "The request failed because the specified service does not exist.")
	}
	return in, nil
}

// told returns the quotas that Service Quotas reports.
func (b backend) told() map[string]float64 {
	values := b.quotas.enforced()
	maps.Copy(values, b.applied)
	return values
}

// quotasKnown returns the quotas that Service Quotas knows.
func (b backend) quotasKnown() []quota.Default {
	known := slices.DeleteFunc(quota.Defaults(), func(d quota.Default) bool { return d.Code == "" })
	if _, set := b.told()[RegistrationQuota]; set {
		known = append(known, quota.Default{Op: RegistrationQuota, TPS: quota.RegistrationsDefault, Code: quota.Registrations, Adjustable: true})
	}
	return known
}

func (b backend) serviceQuota(q quota.Default, value float64) serviceQuota {
	title := string(q.Op) + " API TPS"
	if q.Op == RegistrationQuota {
		title = "Maximum number of device certificates that can be registered per second"
	}
	return serviceQuota{
		ServiceCode: quota.ServiceCode, ServiceName: "AWS IoT Core", QuotaCode: q.Code, QuotaName: title, Unit: "None",
		QuotaArn: b.store.Identity().ARN("servicequotas", quota.ServiceCode+"/"+q.Code),
		Value:    value, Adjustable: q.Adjustable, Period: map[string]any{"PeriodValue": 1, "PeriodUnit": "SECOND"},
	}
}

// appliedQuota returns a quota with its value for this account.
func (b backend) appliedQuota(q quota.Default) serviceQuota {
	value, ok := b.told()[string(q.Op)]
	if !ok {
		value = unlimited
	}
	return b.serviceQuota(q, value)
}

func (b backend) defaultQuota(q quota.Default) serviceQuota { return b.serviceQuota(q, q.TPS) }

func listQuotas(show func(backend, quota.Default) serviceQuota) handler {
	return func(b backend, c *call) (any, error) {
		in, err := c.quotaRequest()
		if err != nil {
			return nil, err
		}
		known, start := b.quotasKnown(), 0
		if in.NextToken != "" {
			if start = slices.IndexFunc(known, func(q quota.Default) bool { return q.Code == in.NextToken }); start < 0 {
				return nil, badRequest("InvalidPaginationTokenException", "Invalid token was used.")
			}
		}
		size := in.MaxResults
		if size < 1 || size > 100 {
			size = 100
		}
		out := struct {
			NextToken string `json:",omitempty"`
			Quotas    []serviceQuota
		}{Quotas: []serviceQuota{}}
		for i, q := range known[start:] {
			if i == size {
				out.NextToken = q.Code
				break
			}
			out.Quotas = append(out.Quotas, show(b, q))
		}
		return out, nil
	}
}

// oneQuota returns a request and the quota that it is about.
func oneQuota(b backend, c *call) (in quotaRequest, q quota.Default, err error) {
	if in, err = c.quotaRequest(); err != nil {
		return in, q, err
	}
	known := b.quotasKnown()
	i := slices.IndexFunc(known, func(q quota.Default) bool { return q.Code == in.QuotaCode })
	if i < 0 {
		return in, q, badRequest("NoSuchResourceException", "The request failed because the specified quota does not exist.")
	}
	return in, known[i], nil
}

func getQuota(show func(backend, quota.Default) serviceQuota) handler {
	return func(b backend, c *call) (any, error) {
		_, q, err := oneQuota(b, c)
		if err != nil {
			return nil, err
		}
		return map[string]serviceQuota{"Quota": show(b, q)}, nil
	}
}

// requestServiceQuotaIncrease accepts a request and leaves it pending forever, as a case with
// AWS support may be.
func requestServiceQuotaIncrease(b backend, c *call) (any, error) {
	in, q, err := oneQuota(b, c)
	if err != nil {
		return nil, err
	}
	now := b.appliedQuota(q)
	if !q.Adjustable || in.DesiredValue <= now.Value {
		return nil, badRequest("IllegalArgumentException",
			"The desired value %v is not above the current value %v, or the quota cannot be raised.", in.DesiredValue, now.Value)
	}
	return map[string]any{"RequestedQuota": map[string]any{
		"Id": uuid.NewString(), "ServiceCode": now.ServiceCode, "ServiceName": now.ServiceName, "QuotaCode": q.Code,
		"QuotaName": now.QuotaName, "QuotaArn": now.QuotaArn, "Unit": now.Unit, "GlobalQuota": false,
		"DesiredValue": in.DesiredValue, "Status": "PENDING", "Created": registry.Epoch(time.Now().UnixMilli()),
	}}, nil
}
