package sandbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/google/go-cmp/cmp"
)

const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`

// register registers a new certificate and returns its ID and ARN.
func register(t testing.TB, c clients, status types.CertificateStatus) (id, arn string) {
	t.Helper()
	out := must[*iot.RegisterCertificateWithoutCAOutput](t)(c.RegisterCertificateWithoutCA(t.Context(),
		&iot.RegisterCertificateWithoutCAInput{CertificatePem: aws.String(mint(t, nil)), Status: status}))
	return *out.CertificateId, *out.CertificateArn
}

// The SDK must be able to decode every answer. The life of a device calls every operation.
func TestEveryOperationAnswersTheSDK(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Region: "cn-north-1"})
	c := dial(t, s)
	t.Run("account", func(t *testing.T) { walkAccount(t, c) })
	t.Run("tasks", func(t *testing.T) { walkTasks(t, s, c) })
	t.Run("catalogue", func(t *testing.T) { walkCatalogue(t, c) })
	t.Run("device", func(t *testing.T) { walkDevice(t, c) })
	t.Run("end", func(t *testing.T) { walkEnd(t, c) })
	for _, name := range Operations() {
		if s.Calls()[name] == 0 {
			t.Errorf("%s was never called", name)
		}
	}
	if state := s.State(); len(state.Certificates)+len(state.Things) > 0 {
		t.Errorf("left behind: %+v", state)
	}
}

func walkCatalogue(t *testing.T, c clients) {
	ctx, name := t.Context(), aws.String
	policy := must[*iot.CreatePolicyOutput](t)(c.CreatePolicy(ctx,
		&iot.CreatePolicyInput{PolicyName: name("p,@=+"), PolicyDocument: name(document)}))
	got := must[*iot.GetPolicyOutput](t)(c.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: name("p,@=+")}))
	if *got.PolicyArn != "arn:aws-cn:iot:cn-north-1:123456789012:policy/p,@=+" || *got.PolicyArn != *policy.PolicyArn ||
		*got.PolicyDocument != document || *got.DefaultVersionId != "1" || time.Since(*got.CreationDate).Abs() > time.Minute {
		t.Errorf("policy: %+v", got)
	}
	policies := must[*iot.ListPoliciesOutput](t)(c.ListPolicies(ctx, &iot.ListPoliciesInput{}))
	if len(policies.Policies) != 1 || *policies.Policies[0].PolicyName != "p,@=+" {
		t.Errorf("policies: %+v", policies.Policies)
	}
	kind := must[*iot.CreateThingTypeOutput](t)(c.CreateThingType(ctx, &iot.CreateThingTypeInput{
		ThingTypeName: name("sensor"), ThingTypeProperties: &types.ThingTypeProperties{
			ThingTypeDescription: name("a sensor"),
			SearchableAttributes: []string{"mac"},
		},
	}))
	described := must[*iot.DescribeThingTypeOutput](t)(c.DescribeThingType(ctx, &iot.DescribeThingTypeInput{ThingTypeName: name("sensor")}))
	if *described.ThingTypeId != *kind.ThingTypeId || *described.ThingTypeProperties.ThingTypeDescription != "a sensor" ||
		described.ThingTypeMetadata.Deprecated || described.ThingTypeMetadata.CreationDate == nil {
		t.Errorf("type: %+v", described)
	}
	if listed := must[*iot.ListThingTypesOutput](t)(c.ListThingTypes(ctx, &iot.ListThingTypesInput{})); len(listed.ThingTypes) != 1 ||
		*listed.ThingTypes[0].ThingTypeArn != *kind.ThingTypeArn {
		t.Errorf("types: %+v", listed.ThingTypes)
	}
	_ = must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: name("plant")}))
	_ = must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{
		ThingGroupName: name("line"), ParentGroupName: name("plant"),
		ThingGroupProperties: &types.ThingGroupProperties{
			ThingGroupDescription: name("a line"),
			AttributePayload:      &types.AttributePayload{Attributes: map[string]string{"shift": "2"}},
		},
	}))
	line := must[*iot.DescribeThingGroupOutput](t)(c.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: name("line")}))
	if *line.ThingGroupMetadata.ParentGroupName != "plant" || len(line.ThingGroupMetadata.RootToParentThingGroups) != 1 ||
		*line.ThingGroupProperties.ThingGroupDescription != "a line" || line.ThingGroupProperties.AttributePayload.Attributes["shift"] != "2" ||
		line.Version != 1 {
		t.Errorf("group: %+v", line)
	}
	dynamic := must[*iot.CreateDynamicThingGroupOutput](t)(c.CreateDynamicThingGroup(ctx,
		&iot.CreateDynamicThingGroupInput{ThingGroupName: name("hot"), QueryString: name("attributes.t>50")}))
	hot := must[*iot.DescribeThingGroupOutput](t)(c.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: name("hot")}))
	if *hot.QueryString != "attributes.t>50" || hot.Status != types.DynamicGroupStatusActive || *hot.IndexName != *dynamic.IndexName {
		t.Errorf("dynamic group: %+v", hot)
	}
	roots := must[*iot.ListThingGroupsOutput](t)(c.ListThingGroups(ctx, &iot.ListThingGroupsInput{Recursive: aws.Bool(false)}))
	below := must[*iot.ListThingGroupsOutput](t)(c.ListThingGroups(ctx, &iot.ListThingGroupsInput{ParentGroup: name("plant")}))
	if len(roots.ThingGroups) != 2 || len(below.ThingGroups) != 1 || *below.ThingGroups[0].GroupName != "line" {
		t.Errorf("roots %+v, below plant %+v", roots.ThingGroups, below.ThingGroups)
	}
	_ = must[*iot.CreateBillingGroupOutput](t)(c.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{
		BillingGroupName: name("acme"), BillingGroupProperties: &types.BillingGroupProperties{BillingGroupDescription: name("who pays")},
	}))
	billing := must[*iot.DescribeBillingGroupOutput](t)(c.DescribeBillingGroup(ctx,
		&iot.DescribeBillingGroupInput{BillingGroupName: name("acme")}))
	listed := must[*iot.ListBillingGroupsOutput](t)(c.ListBillingGroups(ctx, &iot.ListBillingGroupsInput{NamePrefixFilter: name("ac")}))
	if *billing.BillingGroupProperties.BillingGroupDescription != "who pays" || billing.Version != 1 || len(listed.BillingGroups) != 1 {
		t.Errorf("billing group %+v, listed %+v", billing, listed.BillingGroups)
	}
	host := must[*iot.DescribeEndpointOutput](t)(c.DescribeEndpoint(ctx, &iot.DescribeEndpointInput{EndpointType: name("iot:Data-ATS")}))
	again := must[*iot.DescribeEndpointOutput](t)(c.DescribeEndpoint(ctx, &iot.DescribeEndpointInput{EndpointType: name("iot:Data-ATS")}))
	if *host.EndpointAddress != *again.EndpointAddress || !strings.HasSuffix(*host.EndpointAddress, ".ats.iot.cn-north-1.amazonaws.com.cn") {
		t.Errorf("endpoint %s, then %s", *host.EndpointAddress, *again.EndpointAddress)
	}
	_, err := c.data.DeleteConnection(ctx, &iotdataplane.DeleteConnectionInput{ClientId: name("a b/ü")})
	if codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("a client that is not connected: %v", err)
	}
}

func walkDevice(t *testing.T, c clients) {
	ctx, name := t.Context(), aws.String
	id, arn := register(t, c, types.CertificateStatusActive)
	certificate := must[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(ctx, &iot.DescribeCertificateInput{CertificateId: &id})).
		CertificateDescription
	if *certificate.CertificateArn != arn || certificate.Status != types.CertificateStatusActive ||
		certificate.CertificateMode != types.CertificateModeSniOnly ||
		*certificate.OwnedBy != DefaultAccount || time.Until(*certificate.Validity.NotAfter) < 50*time.Minute ||
		*certificate.CustomerVersion != 1 {
		t.Errorf("certificate: %+v", certificate)
	}
	listed := must[*iot.ListCertificatesOutput](t)(c.ListCertificates(ctx, &iot.ListCertificatesInput{}))
	if len(listed.Certificates) != 1 || *listed.Certificates[0].CertificateId != id {
		t.Errorf("certificates: %+v", listed.Certificates)
	}
	created := must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: name("d:1")}))
	_ = must[*iot.UpdateThingOutput](t)(c.UpdateThing(ctx, &iot.UpdateThingInput{
		ThingName: name("d:1"), ThingTypeName: name("sensor"), ExpectedVersion: aws.Int64(1),
		AttributePayload: &types.AttributePayload{Attributes: map[string]string{"mac": "02:00", "b": "[x]=#"}, Merge: true},
	}))
	_ = must[*iot.AddThingToBillingGroupOutput](t)(c.AddThingToBillingGroup(ctx,
		&iot.AddThingToBillingGroupInput{ThingName: name("d:1"), BillingGroupName: name("acme")}))
	described := must[*iot.DescribeThingOutput](t)(c.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: name("d:1")}))
	if *described.ThingId != *created.ThingId || *described.ThingArn != "arn:aws-cn:iot:cn-north-1:123456789012:thing/d:1" ||
		*described.ThingTypeName != "sensor" ||
		described.Version != 2 || *described.BillingGroupName != "acme" || *described.DefaultClientId != "d:1" {
		t.Errorf("thing: %+v", described)
	}
	if diff := cmp.Diff(map[string]string{"mac": "02:00", "b": "[x]=#"}, described.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	for _, in := range []*iot.ListThingsInput{
		{},
		{ThingTypeName: name("sensor")},
		{AttributeName: name("mac"), AttributeValue: name("02:00")},
		{AttributeName: name("mac"), AttributeValue: name("02"), UsePrefixAttributeValue: true},
	} {
		if things := must[*iot.ListThingsOutput](t)(c.ListThings(ctx, in)).Things; len(things) != 1 || *things[0].ThingName != "d:1" ||
			things[0].Version != 2 {
			t.Errorf("things of %+v: %+v", in, things)
		}
	}
	if things := must[*iot.ListThingsOutput](t)(c.ListThings(ctx,
		&iot.ListThingsInput{AttributeName: name("mac"), AttributeValue: name("02")})).Things; len(things) > 0 {
		t.Errorf("a value was treated as a prefix: %+v", things)
	}
	_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: name("d:1"), Principal: &arn, ThingPrincipalType: types.ThingPrincipalTypeExclusiveThing}))
	principals := must[*iot.ListThingPrincipalsOutput](t)(c.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: name("d:1")}))
	objects := must[*iot.ListThingPrincipalsV2Output](t)(c.ListThingPrincipalsV2(ctx, &iot.ListThingPrincipalsV2Input{ThingName: name("d:1")}))
	things := must[*iot.ListPrincipalThingsOutput](t)(c.ListPrincipalThings(ctx, &iot.ListPrincipalThingsInput{Principal: &arn}))
	thingObjects := must[*iot.ListPrincipalThingsV2Output](t)(c.ListPrincipalThingsV2(ctx,
		&iot.ListPrincipalThingsV2Input{Principal: &arn, ThingPrincipalType: types.ThingPrincipalTypeExclusiveThing}))
	none := must[*iot.ListPrincipalThingsV2Output](t)(c.ListPrincipalThingsV2(ctx,
		&iot.ListPrincipalThingsV2Input{Principal: &arn, ThingPrincipalType: types.ThingPrincipalTypeNonExclusiveThing}))
	if !slices.Equal(principals.Principals, []string{arn}) || !slices.Equal(things.Things, []string{"d:1"}) ||
		len(objects.ThingPrincipalObjects) != 1 ||
		objects.ThingPrincipalObjects[0].ThingPrincipalType != types.ThingPrincipalTypeExclusiveThing ||
		len(thingObjects.PrincipalThingObjects) != 1 || len(none.PrincipalThingObjects) != 0 {
		t.Errorf("principals %v, objects %+v, things %v, objects %+v, not exclusive %+v", principals.Principals, objects.ThingPrincipalObjects,
			things.Things, thingObjects.PrincipalThingObjects, none.PrincipalThingObjects)
	}
	walkAttachments(t, c, arn)
}

func walkAttachments(t *testing.T, c clients, arn string) {
	ctx, name := t.Context(), aws.String
	group := "arn:aws-cn:iot:cn-north-1:123456789012:thinggroup/plant"
	for _, target := range []string{arn, group} {
		_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: name("p,@=+"), Target: &target}))
		attached := must[*iot.ListAttachedPoliciesOutput](t)(c.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{Target: &target}))
		if len(attached.Policies) != 1 || *attached.Policies[0].PolicyName != "p,@=+" {
			t.Errorf("policies of %s: %+v", target, attached.Policies)
		}
	}
	effective := must[*iot.GetEffectivePoliciesOutput](t)(c.GetEffectivePolicies(ctx, &iot.GetEffectivePoliciesInput{Principal: &arn}))
	if len(effective.EffectivePolicies) != 1 || *effective.EffectivePolicies[0].PolicyDocument != document {
		t.Errorf("effective policies %+v", effective.EffectivePolicies)
	}
	tested := must[*iot.TestAuthorizationOutput](t)(c.TestAuthorization(ctx, &iot.TestAuthorizationInput{
		Principal: &arn, AuthInfos: []types.AuthInfo{{ActionType: types.ActionTypeConnect, Resources: []string{group}}},
	}))
	if tested.AuthResults[0].AuthDecision != types.AuthDecisionAllowed {
		t.Errorf("authorization %+v", tested.AuthResults)
	}
	targets := must[*iot.ListTargetsForPolicyOutput](t)(c.ListTargetsForPolicy(ctx, &iot.ListTargetsForPolicyInput{PolicyName: name("p,@=+")}))
	if !slices.Equal(targets.Targets, []string{arn, group}) {
		t.Errorf("targets %v", targets.Targets)
	}
	_ = must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
		&iot.AddThingToThingGroupInput{ThingArn: name("arn:aws-cn:iot:cn-north-1:123456789012:thing/d:1"), ThingGroupName: name("line")}))
	groups := must[*iot.ListThingGroupsForThingOutput](t)(c.ListThingGroupsForThing(ctx,
		&iot.ListThingGroupsForThingInput{ThingName: name("d:1")}))
	direct := must[*iot.ListThingsInThingGroupOutput](t)(c.ListThingsInThingGroup(ctx,
		&iot.ListThingsInThingGroupInput{ThingGroupName: name("plant")}))
	all := must[*iot.ListThingsInThingGroupOutput](t)(c.ListThingsInThingGroup(ctx,
		&iot.ListThingsInThingGroupInput{ThingGroupName: name("plant"), Recursive: true}))
	billed := must[*iot.ListThingsInBillingGroupOutput](t)(c.ListThingsInBillingGroup(ctx,
		&iot.ListThingsInBillingGroupInput{BillingGroupName: name("acme")}))
	if len(groups.ThingGroups) != 1 || len(direct.Things) != 0 || !slices.Equal(all.Things, []string{"d:1"}) ||
		!slices.Equal(billed.Things, []string{"d:1"}) {
		t.Errorf("groups %+v, in plant %v, below it %v, billed %v", groups.ThingGroups, direct.Things, all.Things, billed.Things)
	}
	_ = must[*iot.RemoveThingFromThingGroupOutput](t)(c.RemoveThingFromThingGroup(ctx,
		&iot.RemoveThingFromThingGroupInput{ThingName: name("d:1"), ThingGroupName: name("line")}))
	_ = must[*iot.UpdateThingGroupsForThingOutput](t)(c.UpdateThingGroupsForThing(ctx,
		&iot.UpdateThingGroupsForThingInput{ThingName: name("d:1"), ThingGroupsToAdd: []string{"plant"}}))
	_ = must[*iot.UpdateThingGroupsForThingOutput](t)(c.UpdateThingGroupsForThing(ctx,
		&iot.UpdateThingGroupsForThingInput{ThingName: name("d:1"), ThingGroupsToAdd: []string{"line"}, ThingGroupsToRemove: []string{"plant"}}))
	_ = must[*iot.RemoveThingFromBillingGroupOutput](t)(c.RemoveThingFromBillingGroup(ctx,
		&iot.RemoveThingFromBillingGroupInput{ThingName: name("d:1"), BillingGroupName: name("acme")}))
	_ = must[*iot.DetachPolicyOutput](t)(c.DetachPolicy(ctx, &iot.DetachPolicyInput{PolicyName: name("p,@=+"), Target: &group}))
}

func walkEnd(t *testing.T, c clients) {
	ctx, name := t.Context(), aws.String
	listed := must[*iot.ListCertificatesOutput](t)(c.ListCertificates(ctx, &iot.ListCertificatesInput{}))
	id, arn := listed.Certificates[0].CertificateId, listed.Certificates[0].CertificateArn
	_ = must[*iot.UpdateCertificateOutput](t)(c.UpdateCertificate(ctx,
		&iot.UpdateCertificateInput{CertificateId: id, NewStatus: types.CertificateStatusInactive}))
	_ = must[*iot.DetachThingPrincipalOutput](t)(c.DetachThingPrincipal(ctx,
		&iot.DetachThingPrincipalInput{ThingName: name("d:1"), Principal: arn}))
	_ = must[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: name("d:1"), ExpectedVersion: aws.Int64(2)}))
	_ = must[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: name("d:1")}))
	_ = must[*iot.DeleteCertificateOutput](t)(c.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: id, ForceDelete: true}))
	_ = must[*iot.DeletePolicyOutput](t)(c.DeletePolicy(ctx, &iot.DeletePolicyInput{PolicyName: name("p,@=+")}))
	_ = must[*iot.DeprecateThingTypeOutput](t)(c.DeprecateThingType(ctx, &iot.DeprecateThingTypeInput{ThingTypeName: name("sensor")}))
	_ = must[*iot.DeleteThingTypeOutput](t)(c.DeleteThingType(ctx, &iot.DeleteThingTypeInput{ThingTypeName: name("sensor")}))
	_ = must[*iot.DeleteThingGroupOutput](t)(c.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: name("line")}))
	_ = must[*iot.DeleteThingGroupOutput](t)(c.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: name("plant")}))
	_ = must[*iot.DeleteDynamicThingGroupOutput](t)(c.DeleteDynamicThingGroup(ctx,
		&iot.DeleteDynamicThingGroupInput{ThingGroupName: name("hot")}))
	_ = must[*iot.DeleteBillingGroupOutput](t)(c.DeleteBillingGroup(ctx, &iot.DeleteBillingGroupInput{BillingGroupName: name("acme")}))
	if left := must[*iot.ListThingGroupsOutput](t)(c.ListThingGroups(ctx, &iot.ListThingGroupsInput{})).ThingGroups; len(left) > 0 {
		t.Errorf("groups left: %+v", left)
	}
}
