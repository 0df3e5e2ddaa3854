package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// difference is a point in which the sandbox follows AWS and moto does not. docs/sandbox.md has
// the same list.
type difference struct {
	name string
	// avoid reports whether a step would meet the difference; nil if the sequence never does.
	avoid func(s step, r asked) bool
	// show provokes the difference and returns what the server did.
	show          func(t *testing.T, c clients) string
	sandbox, moto string
}

// avoided returns the name of the first difference that a step would meet.
func avoided(s step, server *Server) string {
	name := ""
	server.backend.store.View(func(st *registry.State) {
		for _, d := range differences {
			if name == "" && d.avoid != nil && d.avoid(s, asked{st}) {
				name = d.name
			}
		}
	})
	return name
}

// The list describes both servers. If moto drops a difference, its entry must be removed.
func TestMotoDiffersWhereTheListSays(t *testing.T) {
	t.Parallel()
	url := require.Moto(t).URL
	for _, d := range differences {
		t.Run(d.name, func(t *testing.T) {
			if got := d.show(t, direct(open(t, Options{}))); got != d.sandbox {
				t.Errorf("the sandbox: %s, want %s", got, d.sandbox)
			}
			moto := connect(url, http.DefaultClient)
			if got := d.show(t, moto); got != d.moto {
				t.Errorf("moto: %s, the list says %s", got, d.moto)
			}
		})
	}
}

// play makes calls and returns the outcome of the last one.
func play(steps ...step) func(t *testing.T, c clients) string {
	return func(t *testing.T, c clients) (outcome string) {
		certificate, id := mintID(t)
		for _, s := range steps {
			if s.certificate == "" {
				s.certificate = certificate
			}
			s.arn = account + "cert/" + id
			if s.target == "" {
				s.target = s.arn
			}
			outcome = s.run(t, c)
		}
		return outcome
	}
}

// is reports whether a step calls an operation.
func (s step) is(op string) bool { return s.op == op }

func (s step) joins() bool { return s.is("AddThingToThingGroup") || s.is("UpdateThingGroupsForThing") }

const (
	there   = "ResourceAlreadyExistsException"
	absent  = "ResourceNotFoundException"
	refused = "InvalidRequestException"
)

var differences = []difference{
	{
		"CreateThing of an existing thing",
		func(s step, r asked) bool { return s.is("CreateThing") && r.thing(s.thing) },
		play(step{op: "CreateThing", thing: "d1"}, step{op: "CreateThing", thing: "d1", attributes: map[string]string{"a": "1"}}),
		there, `ok ["d1","arn:aws:iot:us-east-1:123456789012:thing/d1"]`,
	},
	{
		"CreateThing with a missing billing group",
		func(s step, r asked) bool {
			billing := s.other(s.billing)
			return s.is("CreateThing") && billing != nil && !r.billingGroup(*billing)
		},
		play(step{op: "CreateThing", thing: "d2", billing: "no", status: "ACTIVE"}, step{op: "ListThingPrincipals", thing: "d2"}),
		absent, "ok []",
	},
	{
		"CreateThing with an empty attribute",
		func(s step, r asked) bool {
			value, given := s.attributes["b"]
			return s.is("CreateThing") && given && value == ""
		},
		play(step{op: "CreateThing", thing: "d3", attributes: map[string]string{"b": ""}}, step{op: "DescribeThing", thing: "d3"}),
		`ok ["d3","arn:aws:iot:us-east-1:123456789012:thing/d3",null,null,"d3",{}]`,
		`ok ["d3","arn:aws:iot:us-east-1:123456789012:thing/d3",null,null,"d3",{"b":""}]`,
	},
	{
		"CreateThing with four attributes and no type", nil,
		play(step{op: "CreateThing", thing: "d4", attributes: map[string]string{"a": "1", "b": "1", "c": "1", "d": "1"}}),
		refused, `ok ["d4","arn:aws:iot:us-east-1:123456789012:thing/d4"]`,
	},
	{
		"CreateThing with a space in an attribute", nil,
		play(step{op: "CreateThing", thing: "d5", attributes: map[string]string{"a": "1 2"}}),
		refused, `ok ["d5","arn:aws:iot:us-east-1:123456789012:thing/d5"]`,
	},
	{
		"CreateThing with a bad name", nil,
		play(step{op: "CreateThing", thing: "bad!"}),
		refused, `ok ["bad!","arn:aws:iot:us-east-1:123456789012:thing/bad!"]`,
	},
	{
		"UpdateThing with an expected version", nil,
		func(t *testing.T, c clients) string {
			_, err := c.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: aws.String("d6")})
			for range 2 {
				_, err = c.UpdateThing(t.Context(), &iot.UpdateThingInput{ThingName: aws.String("d6"), ExpectedVersion: aws.Int64(1)})
			}
			return "ok " + codeOf(err)
		},
		"ok VersionConflictException", "ok ",
	},
	{
		"DeleteThing of a missing thing",
		func(s step, r asked) bool { return s.is("DeleteThing") && !r.thing(s.thing) },
		play(step{op: "DeleteThing", thing: "no"}),
		"ok", absent,
	},
	{
		"DeleteThing of a member of a group",
		func(s step, r asked) bool {
			return s.is("DeleteThing") && len(r.groups(s.thing)) > 0
		},
		play(step{op: "CreateThing", thing: "d7"}, step{op: "CreateThingGroup", group: "d7"},
			step{op: "AddThingToThingGroup", thing: "d7", group: "d7"},
			step{op: "DeleteThing", thing: "d7"}, step{op: "ListThingsInThingGroup", group: "d7"}),
		"ok []", `ok ["d7"]`,
	},
	{
		"RegisterCertificateWithoutCA of garbage", nil,
		play(step{op: "RegisterCertificateWithoutCA", certificate: "garbage"}),
		"CertificateValidationException", "500",
	},
	{
		"RegisterCertificateWithoutCA without a status", nil,
		func(t *testing.T, c clients) string {
			certificate, id := mintID(t)
			_ = must[*iot.RegisterCertificateWithoutCAOutput](t)(c.RegisterCertificateWithoutCA(t.Context(),
				&iot.RegisterCertificateWithoutCAInput{CertificatePem: &certificate}))
			out := must[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(t.Context(), &iot.DescribeCertificateInput{CertificateId: &id}))
			return string(out.CertificateDescription.Status + " " + types.CertificateStatus(out.CertificateDescription.CertificateMode))
		},
		"INACTIVE SNI_ONLY", " ",
	},
	{
		"UpdateCertificate of a revoked certificate",
		func(s step, r asked) bool {
			return s.is("UpdateCertificate") && r.status(s.id()) == "REVOKED" && s.status != "REVOKED"
		},
		play(step{op: "RegisterCertificateWithoutCA", status: "REVOKED"}, step{op: "UpdateCertificate", status: "ACTIVE"}),
		"CertificateStateException", "ok",
	},
	{
		"DeleteCertificate by force with policies attached",
		func(s step, r asked) bool {
			status := r.status(s.id())
			return s.is("DeleteCertificate") && s.flag && status != "" && status != "ACTIVE" && len(r.policies(s.arn)) > 0
		},
		play(step{op: "RegisterCertificateWithoutCA", status: "INACTIVE"}, step{op: "CreatePolicy", policy: "d8"},
			step{op: "AttachPolicy", policy: "d8"},
			step{op: "DeleteCertificate", flag: true}, step{op: "RegisterCertificateWithoutCA", status: "INACTIVE"},
			step{op: "ListAttachedPolicies"}),
		"ok []", `ok ["d8 arn:aws:iot:us-east-1:123456789012:policy/d8"]`,
	},
	{
		"DeleteCertificate while a thing group has a policy",
		func(s step, r asked) bool {
			status := r.status(s.id())
			return s.is("DeleteCertificate") && status != "" && status != "ACTIVE" && r.anyGroupHasPolicies()
		},
		play(step{op: "RegisterCertificateWithoutCA", status: "INACTIVE"}, step{op: "CreatePolicy", policy: "d9"},
			step{op: "CreateThingGroup", group: "d9"},
			step{op: "AttachPolicy", policy: "d9", target: account + "thinggroup/d9"}, step{op: "DeleteCertificate"}),
		"ok", "500",
	},
	{
		"AttachThingPrincipal exclusively to a second thing", nil,
		func(t *testing.T, c clients) string {
			_, arn := register(t, c, "ACTIVE")
			var err error
			for _, thing := range []string{"d10", "d10b"} {
				_ = must[*iot.CreateThingOutput](t)(c.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: &thing}))
				_, err = c.AttachThingPrincipal(t.Context(),
					&iot.AttachThingPrincipalInput{ThingName: &thing, Principal: &arn, ThingPrincipalType: types.ThingPrincipalTypeExclusiveThing})
			}
			return "ok " + codeOf(err)
		},
		"ok " + refused, "ok ",
	},
	{
		"ListPrincipalThings of a missing certificate",
		func(s step, r asked) bool { return s.is("ListPrincipalThings") && r.status(s.id()) == "" },
		play(step{op: "ListPrincipalThings"}),
		absent, "ok []",
	},
	{
		"ListPrincipalThingsV2", nil,
		play(step{op: "RegisterCertificateWithoutCA", status: "ACTIVE"}, step{op: "ListPrincipalThingsV2"}),
		"ok []", "500",
	},
	{
		"ListAttachedPolicies of a missing target",
		func(s step, r asked) bool { return s.is("ListAttachedPolicies") && !r.target(s.target) },
		play(step{op: "ListAttachedPolicies"}),
		absent, "ok []",
	},
	{
		"DetachPolicy of a policy that is not attached",
		func(s step, r asked) bool {
			return s.is("DetachPolicy") && r.policy(s.policy) && r.target(s.target) &&
				!slices.ContainsFunc(r.policies(s.target), func(p registry.PolicyRef) bool { return p.Name == s.policy })
		},
		play(step{op: "RegisterCertificateWithoutCA", status: "ACTIVE"}, step{op: "CreatePolicy", policy: "d11"},
			step{op: "DetachPolicy", policy: "d11"}),
		"ok", absent,
	},
	{
		"AttachPolicy beyond the limit",
		func(s step, r asked) bool {
			_, err := r.AttachPolicy(&registry.PolicyTarget{ByName: registry.ByName{Name: s.policy}, Target: s.target})
			return s.is("AttachPolicy") && err != nil && strings.HasPrefix(err.Error(), "LimitExceededException")
		},
		play(step{op: "CreateThingGroup", group: "d12"}, step{op: "CreatePolicy", policy: "d12a"}, step{op: "CreatePolicy", policy: "d12b"},
			step{op: "CreatePolicy", policy: "d12c"},
			step{op: "AttachPolicy", policy: "d12a", target: account + "thinggroup/d12"},
			step{op: "AttachPolicy", policy: "d12b", target: account + "thinggroup/d12"},
			step{op: "AttachPolicy", policy: "d12c", target: account + "thinggroup/d12"}),
		"LimitExceededException", "ok",
	},
	{
		"CreatePolicy with an invalid document", nil,
		func(t *testing.T, c clients) string {
			_, err := c.CreatePolicy(t.Context(), &iot.CreatePolicyInput{PolicyName: aws.String("d13"), PolicyDocument: aws.String("{}")})
			return "ok " + codeOf(err)
		},
		"ok MalformedPolicyException", "ok ",
	},
	{
		"CreateThingType of an existing type",
		func(s step, r asked) bool { return s.is("CreateThingType") && found(s.kind, r.DescribeThingType) },
		play(step{op: "CreateThingType", kind: "d14"}, step{op: "CreateThingType", kind: "d14", flag: true}),
		there, `ok ["d14","arn:aws:iot:us-east-1:123456789012:thingtype/d14"]`,
	},
	{
		"DeleteThingType before its deprecation, or in use",
		func(s step, r asked) bool {
			_, err := r.DeleteThingType(byName(s.kind))
			return s.is("DeleteThingType") && found(s.kind, r.DescribeThingType) && err != nil
		},
		play(step{op: "CreateThingType", kind: "d15"}, step{op: "DeleteThingType", kind: "d15"}),
		refused, "ok",
	},
	{
		"CreateThingGroup of an existing group with another parent",
		func(s step, r asked) bool {
			return s.is("CreateThingGroup") && r.group(s.group) && r.parent(s.group) != aws.ToString(s.optional(s.second))
		},
		play(step{op: "CreateThingGroup", group: "d16a"}, step{op: "CreateThingGroup", group: "d16"},
			step{op: "CreateThingGroup", group: "d16", second: "d16a", flag: true}),
		there, `ok ["d16","arn:aws:iot:us-east-1:123456789012:thinggroup/d16"]`,
	},
	{
		"CreateThingGroup below a missing group",
		func(s step, r asked) bool {
			parent := s.optional(s.second)
			return s.is("CreateThingGroup") && !r.group(s.group) && parent != nil && !r.group(*parent)
		},
		play(step{op: "CreateThingGroup", group: "d24", second: "no", flag: true}),
		absent, "500",
	},
	{
		"DeleteThingGroup with policies",
		func(s step, r asked) bool {
			deleted := changes(r.DeleteThingGroup(&registry.Deletion{ByName: *byName(s.group)}))
			return s.is("DeleteThingGroup") && deleted > 0 && len(r.policies(account+"thinggroup/"+s.group)) > 0
		},
		play(step{op: "CreateThingGroup", group: "d17"}, step{op: "CreatePolicy", policy: "d17"},
			step{op: "AttachPolicy", policy: "d17", target: account + "thinggroup/d17"},
			step{op: "DeleteThingGroup", group: "d17"}, step{op: "ListTargetsForPolicy", policy: "d17"}),
		"ok []", `ok ["arn:aws:iot:us-east-1:123456789012:thinggroup/d17"]`,
	},
	{
		"two thing groups of one hierarchy",
		func(s step, r asked) bool {
			_, err := r.UpdateThingGroupsForThing(&registry.UpdateThingGroupsForThing{Thing: s.thing, Add: []string{s.group}})
			return s.joins() && r.thing(s.thing) && r.group(s.group) && err != nil
		},
		play(step{op: "CreateThing", thing: "d18"}, step{op: "CreateThingGroup", group: "d18"},
			step{op: "CreateThingGroup", group: "d18a", second: "d18", flag: true},
			step{op: "AddThingToThingGroup", thing: "d18", group: "d18"}, step{op: "AddThingToThingGroup", thing: "d18", group: "d18a"}),
		refused, "ok",
	},
	{
		"UpdateThingGroupsForThing that adds and removes one group",
		func(s step, r asked) bool { return s.is("UpdateThingGroupsForThing") && s.group == s.second },
		play(step{op: "CreateThing", thing: "d19"}, step{op: "CreateThingGroup", group: "d19"},
			step{op: "UpdateThingGroupsForThing", thing: "d19", group: "d19", second: "d19"},
			step{op: "ListThingGroupsForThing", thing: "d19"}),
		`ok ["arn:aws:iot:us-east-1:123456789012:thinggroup/d19"]`, "ok []",
	},
	{
		"UpdateThingGroupsForThing that fails half-way",
		func(s step, r asked) bool { return s.is("UpdateThingGroupsForThing") && !r.group(s.second) },
		play(step{op: "CreateThing", thing: "d20"}, step{op: "CreateThingGroup", group: "d20"},
			step{op: "UpdateThingGroupsForThing", thing: "d20", group: "d20", second: "no"},
			step{op: "ListThingGroupsForThing", thing: "d20"}),
		"ok []", `ok ["arn:aws:iot:us-east-1:123456789012:thinggroup/d20"]`,
	},
	{
		"CreateBillingGroup of an existing group",
		func(s step, r asked) bool { return s.is("CreateBillingGroup") && r.billingGroup(s.billing) },
		play(step{op: "CreateBillingGroup", billing: "d21"}, step{op: "CreateBillingGroup", billing: "d21"}),
		`ok ["d21","arn:aws:iot:us-east-1:123456789012:billinggroup/d21"]`, there,
	},
	{
		"DescribeBillingGroup of a new group", nil,
		func(t *testing.T, c clients) string {
			_ = must[*iot.CreateBillingGroupOutput](t)(c.CreateBillingGroup(t.Context(),
				&iot.CreateBillingGroupInput{BillingGroupName: aws.String("d25")}))
			out := must[*iot.DescribeBillingGroupOutput](t)(c.DescribeBillingGroup(t.Context(),
				&iot.DescribeBillingGroupInput{BillingGroupName: aws.String("d25")}))
			return fmt.Sprint("version ", out.Version)
		},
		"version 1", "version 0",
	},
	{
		"DeleteBillingGroup of a missing group",
		func(s step, r asked) bool { return s.is("DeleteBillingGroup") && !r.billingGroup(s.billing) },
		play(step{op: "DeleteBillingGroup", billing: "no"}),
		"ok", absent,
	},
	{
		"DeleteBillingGroup with things",
		func(s step, r asked) bool {
			out, _ := r.ListThingsInBillingGroup(&registry.ListThingsInBillingGroup{Group: s.billing})
			return s.is("DeleteBillingGroup") && len(out.Items) > 0
		},
		play(step{op: "CreateBillingGroup", billing: "d22"}, step{op: "CreateThing", thing: "d22", billing: "d22", status: "ACTIVE"},
			step{op: "DeleteBillingGroup", billing: "d22"},
			step{op: "DescribeThing", thing: "d22"}),
		`ok ["d22","arn:aws:iot:us-east-1:123456789012:thing/d22",null,null,"d22",{}]`,
		`ok ["d22","arn:aws:iot:us-east-1:123456789012:thing/d22",null,"d22","d22",{}]`,
	},
	{
		"AddThingToBillingGroup of a thing in another group",
		func(s step, r asked) bool {
			out, _ := r.DescribeThing(byName(s.thing))
			return s.is("AddThingToBillingGroup") && out.BillingGroup != "" && out.BillingGroup != s.billing
		},
		play(step{op: "CreateBillingGroup", billing: "d23"}, step{op: "CreateBillingGroup", billing: "d23b"},
			step{op: "CreateThing", thing: "d23", billing: "d23", status: "ACTIVE"},
			step{op: "AddThingToBillingGroup", thing: "d23", billing: "d23b"}, step{op: "ListThingsInBillingGroup", billing: "d23"}),
		"ok []", `ok ["d23"]`,
	},
	{
		"DescribeEndpoint twice", nil,
		func(t *testing.T, c clients) string {
			one := must[*iot.DescribeEndpointOutput](t)(c.DescribeEndpoint(t.Context(),
				&iot.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")}))
			two := must[*iot.DescribeEndpointOutput](t)(c.DescribeEndpoint(t.Context(),
				&iot.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")}))
			if *one.EndpointAddress == *two.EndpointAddress {
				return "the same"
			}
			return "another"
		},
		"the same", "another",
	},
}
