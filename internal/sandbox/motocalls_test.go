package sandbox

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// told returns the comparable part of an answer, if there is one.
func told(err error, answer func() any) (any, error) {
	if err != nil {
		return nil, err
	}
	return answer(), nil
}

// done is an answer with nothing to compare.
func done[T any](_ T, err error) (any, error) { return nil, err }

// call makes the call of a step.
func (s step) call(t *testing.T, c clients) (any, error) {
	call, ok := calls[s.op]
	if !ok {
		t.Fatalf("no call for %s", s.op)
	}
	return call(t, c, s)
}

func groupNames(groups []types.GroupNameAndArn) []string {
	return sorted(names(groups, func(g types.GroupNameAndArn) *string { return g.GroupArn }))
}

func policyNames(policies []types.Policy) []string {
	return sorted(names(policies, func(p types.Policy) *string { return aws.String(*p.PolicyName + " " + *p.PolicyArn) }))
}

var calls = map[string]func(t *testing.T, c clients, s step) (any, error){
	"RegisterCertificateWithoutCA": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.RegisterCertificateWithoutCA(t.Context(),
			&iot.RegisterCertificateWithoutCAInput{CertificatePem: &s.certificate, Status: s.status})
		return told(err, func() any {
			return []string{*out.CertificateArn, *out.CertificateId}
		})
	},
	"DescribeCertificate": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.DescribeCertificate(t.Context(), &iot.DescribeCertificateInput{CertificateId: aws.String(s.id())})
		return told(err, func() any {
			d := out.CertificateDescription
			return []string{*d.CertificateArn, string(d.Status), *d.OwnedBy, *d.CertificatePem}
		})
	},
	"ListCertificates": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListCertificates(t.Context(), &iot.ListCertificatesInput{PageSize: aws.Int32(250)})
		return told(err, func() any {
			return sorted(names(out.Certificates, func(c types.Certificate) *string { return aws.String(*c.CertificateArn + string(c.Status)) }))
		})
	},
	"UpdateCertificate": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.UpdateCertificate(t.Context(), &iot.UpdateCertificateInput{CertificateId: aws.String(s.id()), NewStatus: s.status}))
	},
	"DeleteCertificate": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeleteCertificate(t.Context(), &iot.DeleteCertificateInput{CertificateId: aws.String(s.id()), ForceDelete: s.flag}))
	},
	"CreateThing": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.CreateThing(t.Context(),
			&iot.CreateThingInput{
				ThingName: &s.thing, ThingTypeName: s.optional(s.kind), BillingGroupName: s.other(s.billing),
				AttributePayload: &types.AttributePayload{Attributes: s.attributes},
			})
		return told(err, func() any {
			return []string{*out.ThingName, *out.ThingArn}
		})
	},
	"DescribeThing": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.DescribeThing(t.Context(), &iot.DescribeThingInput{ThingName: &s.thing})
		return told(err, func() any {
			return []any{out.ThingName, out.ThingArn, out.ThingTypeName, out.BillingGroupName, out.DefaultClientId, out.Attributes}
		})
	},
	"UpdateThing": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.UpdateThing(t.Context(),
			&iot.UpdateThingInput{
				ThingName: &s.thing, ThingTypeName: s.optional(s.kind), RemoveThingType: s.status == "REVOKED",
				AttributePayload: &types.AttributePayload{Attributes: s.attributes, Merge: s.flag},
			}))
	},
	"DeleteThing": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeleteThing(t.Context(), &iot.DeleteThingInput{ThingName: &s.thing}))
	},
	"ListThings": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThings(t.Context(), &iot.ListThingsInput{MaxResults: aws.Int32(250), ThingTypeName: s.optional(s.kind)})
		return told(err, func() any {
			return sorted(names(out.Things, func(t types.ThingAttribute) *string {
				return aws.String(*t.ThingArn + " " + aws.ToString(t.ThingTypeName) + t.Attributes["a"])
			}))
		})
	},
	"AttachThingPrincipal": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.AttachThingPrincipal(t.Context(), &iot.AttachThingPrincipalInput{ThingName: &s.thing, Principal: &s.arn}))
	},
	"DetachThingPrincipal": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DetachThingPrincipal(t.Context(), &iot.DetachThingPrincipalInput{ThingName: &s.thing, Principal: &s.arn}))
	},
	"ListThingPrincipals": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingPrincipals(t.Context(), &iot.ListThingPrincipalsInput{ThingName: &s.thing})
		return told(err, func() any {
			return sorted(out.Principals)
		})
	},
	"ListThingPrincipalsV2": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingPrincipalsV2(t.Context(), &iot.ListThingPrincipalsV2Input{ThingName: &s.thing})
		return told(err, func() any {
			return sorted(names(out.ThingPrincipalObjects, func(o types.ThingPrincipalObject) *string { return o.Principal }))
		})
	},
	"ListPrincipalThings": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListPrincipalThings(t.Context(), &iot.ListPrincipalThingsInput{Principal: &s.arn})
		return told(err, func() any {
			return sorted(out.Things)
		})
	},
	"ListPrincipalThingsV2": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListPrincipalThingsV2(t.Context(), &iot.ListPrincipalThingsV2Input{Principal: &s.arn})
		return told(err, func() any {
			return sorted(names(out.PrincipalThingObjects, func(o types.PrincipalThingObject) *string { return o.ThingName }))
		})
	},
	"CreatePolicy": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.CreatePolicy(t.Context(), &iot.CreatePolicyInput{PolicyName: &s.policy, PolicyDocument: aws.String(document)})
		return told(err, func() any {
			return []*string{out.PolicyName, out.PolicyArn, out.PolicyVersionId, out.PolicyDocument}
		})
	},
	"GetPolicy": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.GetPolicy(t.Context(), &iot.GetPolicyInput{PolicyName: &s.policy})
		return told(err, func() any {
			return []*string{out.PolicyName, out.PolicyArn, out.DefaultVersionId, out.PolicyDocument}
		})
	},
	"ListPolicies": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListPolicies(t.Context(), &iot.ListPoliciesInput{PageSize: aws.Int32(250)})
		return told(err, func() any {
			return policyNames(out.Policies)
		})
	},
	"DeletePolicy": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeletePolicy(t.Context(), &iot.DeletePolicyInput{PolicyName: &s.policy}))
	},
	"AttachPolicy": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.AttachPolicy(t.Context(), &iot.AttachPolicyInput{PolicyName: &s.policy, Target: &s.target}))
	},
	"DetachPolicy": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DetachPolicy(t.Context(), &iot.DetachPolicyInput{PolicyName: &s.policy, Target: &s.target}))
	},
	"ListAttachedPolicies": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListAttachedPolicies(t.Context(), &iot.ListAttachedPoliciesInput{Target: &s.target})
		return told(err, func() any {
			return policyNames(out.Policies)
		})
	},
	"ListTargetsForPolicy": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListTargetsForPolicy(t.Context(), &iot.ListTargetsForPolicyInput{PolicyName: &s.policy})
		return told(err, func() any {
			return sorted(out.Targets)
		})
	},
	"CreateThingType": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.CreateThingType(t.Context(),
			&iot.CreateThingTypeInput{
				ThingTypeName:       &s.kind,
				ThingTypeProperties: &types.ThingTypeProperties{ThingTypeDescription: s.optional("d")},
			})
		return told(err, func() any {
			return []*string{out.ThingTypeName, out.ThingTypeArn}
		})
	},
	"DescribeThingType": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.DescribeThingType(t.Context(), &iot.DescribeThingTypeInput{ThingTypeName: &s.kind})
		return told(err, func() any {
			return []any{
				out.ThingTypeName, out.ThingTypeArn, out.ThingTypeMetadata.Deprecated,
				aws.ToString(out.ThingTypeProperties.ThingTypeDescription),
			}
		})
	},
	"ListThingTypes": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingTypes(t.Context(), &iot.ListThingTypesInput{MaxResults: aws.Int32(250), ThingTypeName: s.optional("k")})
		return told(err, func() any {
			return sorted(names(out.ThingTypes, func(k types.ThingTypeDefinition) *string { return k.ThingTypeArn }))
		})
	},
	"DeprecateThingType": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeprecateThingType(t.Context(), &iot.DeprecateThingTypeInput{ThingTypeName: &s.kind, UndoDeprecate: s.flag}))
	},
	"DeleteThingType": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeleteThingType(t.Context(), &iot.DeleteThingTypeInput{ThingTypeName: &s.kind}))
	},
	"CreateThingGroup": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.CreateThingGroup(t.Context(),
			&iot.CreateThingGroupInput{
				ThingGroupName: &s.group, ParentGroupName: s.optional(s.second),
				ThingGroupProperties: &types.ThingGroupProperties{},
			})
		return told(err, func() any {
			return []*string{out.ThingGroupName, out.ThingGroupArn}
		})
	},
	"DescribeThingGroup": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.DescribeThingGroup(t.Context(), &iot.DescribeThingGroupInput{ThingGroupName: &s.group})
		return told(err, func() any {
			m := out.ThingGroupMetadata
			return []any{out.ThingGroupName, out.ThingGroupArn, m.ParentGroupName, groupNames(m.RootToParentThingGroups), out.Version}
		})
	},
	"ListThingGroups": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingGroups(t.Context(),
			&iot.ListThingGroupsInput{MaxResults: aws.Int32(250), ParentGroup: s.optional(s.group), Recursive: s.recursion()})
		return told(err, func() any {
			return groupNames(out.ThingGroups)
		})
	},
	"DeleteThingGroup": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeleteThingGroup(t.Context(), &iot.DeleteThingGroupInput{ThingGroupName: &s.group}))
	},
	"AddThingToThingGroup": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.AddThingToThingGroup(t.Context(), &iot.AddThingToThingGroupInput{ThingName: &s.thing, ThingGroupName: &s.group}))
	},
	"RemoveThingFromThingGroup": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.RemoveThingFromThingGroup(t.Context(), &iot.RemoveThingFromThingGroupInput{ThingName: &s.thing, ThingGroupName: &s.group}))
	},
	"UpdateThingGroupsForThing": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.UpdateThingGroupsForThing(t.Context(),
			&iot.UpdateThingGroupsForThingInput{ThingName: &s.thing, ThingGroupsToAdd: []string{s.group}, ThingGroupsToRemove: []string{s.second}}))
	},
	"ListThingGroupsForThing": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingGroupsForThing(t.Context(), &iot.ListThingGroupsForThingInput{ThingName: &s.thing})
		return told(err, func() any {
			return groupNames(out.ThingGroups)
		})
	},
	"ListThingsInThingGroup": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingsInThingGroup(t.Context(), &iot.ListThingsInThingGroupInput{ThingGroupName: &s.group})
		return told(err, func() any {
			return sorted(out.Things)
		})
	},
	"CreateBillingGroup": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.CreateBillingGroup(t.Context(), &iot.CreateBillingGroupInput{BillingGroupName: &s.billing})
		return told(err, func() any {
			return []*string{out.BillingGroupName, out.BillingGroupArn}
		})
	},
	"DescribeBillingGroup": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.DescribeBillingGroup(t.Context(), &iot.DescribeBillingGroupInput{BillingGroupName: &s.billing})
		return told(err, func() any {
			return []*string{out.BillingGroupName, out.BillingGroupArn}
		})
	},
	"ListBillingGroups": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListBillingGroups(t.Context(), &iot.ListBillingGroupsInput{MaxResults: aws.Int32(250)})
		return told(err, func() any {
			return groupNames(out.BillingGroups)
		})
	},
	"DeleteBillingGroup": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.DeleteBillingGroup(t.Context(), &iot.DeleteBillingGroupInput{BillingGroupName: &s.billing}))
	},
	"AddThingToBillingGroup": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.AddThingToBillingGroup(t.Context(), &iot.AddThingToBillingGroupInput{ThingName: &s.thing, BillingGroupName: &s.billing}))
	},
	"RemoveThingFromBillingGroup": func(t *testing.T, c clients, s step) (any, error) {
		return done(c.RemoveThingFromBillingGroup(t.Context(),
			&iot.RemoveThingFromBillingGroupInput{ThingName: &s.thing, BillingGroupName: &s.billing}))
	},
	"ListThingsInBillingGroup": func(t *testing.T, c clients, s step) (any, error) {
		out, err := c.ListThingsInBillingGroup(t.Context(), &iot.ListThingsInBillingGroupInput{BillingGroupName: &s.billing})
		return told(err, func() any {
			return sorted(out.Things)
		})
	},
}
