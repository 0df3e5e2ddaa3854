package sandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/xml"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// listThingPrincipals is version 1 of the operation, which has no relation.
func listThingPrincipals(st *registry.State, in *registry.ListThingPrincipals) (registry.Page[string], error) {
	in.Relation = ""
	page, err := st.ListThingPrincipals(in)
	return namesOnly(page, func(p registry.PrincipalOfThing) string { return p.Principal }), err
}

// listPrincipalThings is version 1 of the operation, which has no relation.
func listPrincipalThings(st *registry.State, in *registry.ListPrincipalThings) (registry.Page[string], error) {
	in.Relation = ""
	page, err := st.ListPrincipalThings(in)
	return namesOnly(page, func(t registry.ThingOfPrincipal) string { return t.Thing }), err
}

func namesOnly[T any](page registry.Page[T], name func(T) string) registry.Page[string] {
	out := registry.Page[string]{Items: make([]string, 0, len(page.Items)), Next: page.Next}
	for _, item := range page.Items {
		out.Items = append(out.Items, name(item))
	}
	return out
}

type endpointRequest struct {
	Type string `json:"-" query:"endpointType"`
}

// Subject returns the type of the endpoint.
func (in *endpointRequest) Subject() string { return in.Type }

// describeEndpoint returns the host of the broker. Without a broker it is a host name that is stable for
// a state and does not resolve.
func describeEndpoint(b backend, c *call) (any, error) {
	in, err := bindEndpoint(c)
	if err != nil {
		return nil, err
	}
	if serving := b.serving.Load(); serving != nil && (in.Type == "iot:Data-ATS" || in.Type == "iot:Data" || in.Type == "") {
		return map[string]string{"endpointAddress": serving.host}, nil
	}
	var out map[string]string
	b.store.View(func(st *registry.State) { out, err = endpointOf(st, in) })
	return out, err
}

var bindEndpoint = binder[endpointRequest]()

func endpointOf(st *registry.State, in *endpointRequest) (map[string]string, error) {
	if in.Type == "" {
		in.Type = "iot:Data"
	}
	infix, ok := map[string]string{
		"iot:Data": "", "iot:Data-ATS": "-ats", "iot:CredentialProvider": ".credentials", "iot:Jobs": ".jobs",
	}[in.Type]
	if !ok {
		return nil, registry.Invalid("Endpoint type %s not recognized.", registry.Shorten(in.Type))
	}
	domain := ".amazonaws.com"
	if st.Partition() == "aws-cn" {
		domain, infix = ".amazonaws.com.cn", strings.Replace(infix, "-ats", ".ats", 1)
	}
	sum := sha256.Sum256([]byte(st.ID))
	host := "a" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:13])
	return map[string]string{"endpointAddress": host + infix + ".iot." + st.Region + domain}, nil
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

var getCallerIdentity = &operation{"GetCallerIdentity", func(b backend, _ *call) (any, error) {
	is := b.store.Identity()
	return identity{"arn:" + is.Partition() + ":iam::" + is.Account + ":user/sandbox", "AIDASANDBOX0000000000", is.Account}, nil
}}
