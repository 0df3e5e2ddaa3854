package sandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/quota"
)

// describeEndpoint answers with a host that stays the same for a state and
// resolves nowhere: devices cannot connect to a sandbox.
func describeEndpoint(s *Server, c *call) (any, error) {
	kind := or(c.query("endpointType"), "iot:Data")
	infix, ok := map[string]string{
		"iot:Data": "", "iot:Data-ATS": "-ats", "iot:CredentialProvider": ".credentials", "iot:Jobs": ".jobs",
	}[kind]
	if !ok {
		return nil, invalid("Endpoint type %s not recognized.", shorten(kind))
	}
	c.key = kind
	sum := sha256.Sum256([]byte(s.registry.id))
	host := "a" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:13])
	return map[string]string{"endpointAddress": host + infix + ".iot." + s.registry.region + ".amazonaws.com"}, nil
}

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

type stsResponse struct {
	XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Result    any      `xml:"GetCallerIdentityResult"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type stsError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

type identity struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string
}

var getCallerIdentity = &operation{"GetCallerIdentity", func(s *Server, _ *call) (any, error) {
	account := s.registry.account
	return identity{"arn:" + partition(s.registry.region) + ":iam::" + account + ":user/sandbox", "AIDASANDBOX0000000000", account}, nil
}}

func routeAction(c *call, action string) error {
	if action != "GetCallerIdentity" {
		return refuse(http.StatusBadRequest, "InvalidAction", "The sandbox has no operation %s of STS", shorten(action))
	}
	c.operation = getCallerIdentity
	return nil
}

const quotasPrefix = "ServiceQuotasV20190624."

var quotaOperations = map[string]*operation{
	"ListServiceQuotas":           {"ListServiceQuotas", listServiceQuotas},
	"ListAWSDefaultServiceQuotas": {"ListAWSDefaultServiceQuotas", listAWSDefaultServiceQuotas},
	"GetServiceQuota":             {"GetServiceQuota", getServiceQuota},
	"GetAWSDefaultServiceQuota":   {"GetAWSDefaultServiceQuota", getAWSDefaultServiceQuota},
	"RequestServiceQuotaIncrease": {"RequestServiceQuotaIncrease", requestServiceQuotaIncrease},
}

func routeTarget(c *call, target string) error {
	if name, ok := strings.CutPrefix(target, quotasPrefix); ok {
		if c.operation, ok = quotaOperations[name]; ok {
			return nil
		}
		c.operation = unknownOperation
	}
	return refuse(http.StatusBadRequest, "UnknownOperationException", "The sandbox has no operation %s", shorten(target))
}

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

func (c *call) quotaRequest() (in quotaRequest, err error) {
	if json.Unmarshal(c.body, &in) != nil {
		return in, refuse(http.StatusBadRequest, "SerializationException", "The request body is not what %s takes", c.operation.name)
	}
	c.key = in.QuotaCode
	if in.ServiceCode != quota.ServiceCode {
		return in, refuse(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified service does not exist.")
	}
	return in, nil
}

func (s *Server) serviceQuota(q quota.Default, value float64) serviceQuota {
	title := string(q.Op) + " API TPS"
	if q.Op == RegistrationQuota {
		title = "Maximum number of device certificates that can be registered per second"
	}
	return serviceQuota{
		ServiceCode: quota.ServiceCode, ServiceName: "AWS IoT Core", QuotaCode: q.Code, QuotaName: title, Unit: "None",
		QuotaArn: "arn:" + partition(s.registry.region) + ":servicequotas:" + s.registry.region + ":" + s.registry.account + ":iotcore/" + q.Code,
		Value:    value, Adjustable: q.Adjustable, Period: map[string]any{"PeriodValue": 1, "PeriodUnit": "SECOND"},
	}
}

// applied is a quota with the value that this account is told to have.
func (s *Server) applied(q quota.Default) serviceQuota {
	value, ok := s.told()[string(q.Op)]
	if !ok {
		value = unlimited
	}
	return s.serviceQuota(q, value)
}

func (s *Server) byDefault(q quota.Default) serviceQuota { return s.serviceQuota(q, q.TPS) }

func listServiceQuotas(s *Server, c *call) (any, error) { return s.quotaPage(c, s.applied) }

func listAWSDefaultServiceQuotas(s *Server, c *call) (any, error) { return s.quotaPage(c, s.byDefault) }

func (s *Server) quotaPage(c *call, show func(quota.Default) serviceQuota) (any, error) {
	in, err := c.quotaRequest()
	if err != nil {
		return nil, err
	}
	all := s.quotasKnown()
	start := 0
	if in.NextToken != "" {
		for start < len(all) && all[start].Code != in.NextToken {
			start++
		}
		if start == len(all) {
			return nil, refuse(http.StatusBadRequest, "InvalidPaginationTokenException", "Invalid token was used.")
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
	for i, q := range all[start:] {
		if i == size {
			out.NextToken = q.Code
			break
		}
		out.Quotas = append(out.Quotas, show(q))
	}
	return out, nil
}

// quotasKnown are the quotas that Service Quotas has.
func (s *Server) quotasKnown() []quota.Default {
	known := quota.Defaults()
	if _, set := s.told()[RegistrationQuota]; set {
		known = append(known, quota.Default{Op: RegistrationQuota, TPS: quota.RegistrationsDefault, Code: quota.Registrations, Adjustable: true})
	}
	return known
}

func (s *Server) findQuota(code string) (quota.Default, error) {
	for _, q := range s.quotasKnown() {
		if q.Code == code {
			return q, nil
		}
	}
	return quota.Default{}, refuse(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified quota does not exist.")
}

func (s *Server) oneQuota(c *call, show func(quota.Default) serviceQuota) (any, error) {
	in, err := c.quotaRequest()
	if err != nil {
		return nil, err
	}
	q, err := s.findQuota(in.QuotaCode)
	if err != nil {
		return nil, err
	}
	return map[string]serviceQuota{"Quota": show(q)}, nil
}

func getServiceQuota(s *Server, c *call) (any, error) { return s.oneQuota(c, s.applied) }

func getAWSDefaultServiceQuota(s *Server, c *call) (any, error) { return s.oneQuota(c, s.byDefault) }

// requestServiceQuotaIncrease takes a request and leaves it pending for ever, as
// a case with AWS support may.
func requestServiceQuotaIncrease(s *Server, c *call) (any, error) {
	in, err := c.quotaRequest()
	if err != nil {
		return nil, err
	}
	q, err := s.findQuota(in.QuotaCode)
	if err != nil {
		return nil, err
	}
	now := s.applied(q)
	if !q.Adjustable || in.DesiredValue <= now.Value {
		return nil, refuse(http.StatusBadRequest, "IllegalArgumentException", "The desired value %v is not above the value in force, %v, or the quota cannot be raised.", in.DesiredValue, now.Value)
	}
	return map[string]any{"RequestedQuota": map[string]any{
		"Id": uuid.NewString(), "ServiceCode": now.ServiceCode, "ServiceName": now.ServiceName, "QuotaCode": q.Code,
		"QuotaName": now.QuotaName, "QuotaArn": now.QuotaArn, "Unit": now.Unit, "GlobalQuota": false,
		"DesiredValue": in.DesiredValue, "Status": "PENDING", "Created": epoch(time.Now().UnixMilli()),
	}}, nil
}
