package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// walkAccount calls what provisioning scripts need besides the operations of an import, and leaves nothing behind.
func walkAccount(t *testing.T, c clients) {
	t.Run("issued certificates", func(t *testing.T) { walkIssued(t, c) })
	t.Run("authorities", func(t *testing.T) { walkAuthorities(t, c) })
	t.Run("transfer", func(t *testing.T) { walkTransfer(t, c) })
	t.Run("policies", func(t *testing.T) { walkPolicies(t, c) })
	t.Run("groups", func(t *testing.T) { walkGroups(t, c) })
	t.Run("index", func(t *testing.T) { walkIndex(t, c) })
}

// removeCertificate deactivates and deletes a certificate.
func removeCertificate(t *testing.T, c clients, id *string) {
	t.Helper()
	_ = must[*iot.UpdateCertificateOutput](t)(c.UpdateCertificate(t.Context(),
		&iot.UpdateCertificateInput{CertificateId: id, NewStatus: types.CertificateStatusInactive}))
	_ = must[*iot.DeleteCertificateOutput](t)(c.DeleteCertificate(t.Context(), &iot.DeleteCertificateInput{CertificateId: id}))
}

func describeCertificate(t *testing.T, c clients, id *string) *types.CertificateDescription {
	t.Helper()
	return must[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(t.Context(),
		&iot.DescribeCertificateInput{CertificateId: id})).CertificateDescription
}

func walkIssued(t *testing.T, c clients) {
	ctx := t.Context()
	made := must[*iot.CreateKeysAndCertificateOutput](t)(c.CreateKeysAndCertificate(ctx,
		&iot.CreateKeysAndCertificateInput{SetAsActive: true}))
	block, _ := pem.Decode([]byte(*made.KeyPair.PrivateKey))
	key := must[*rsa.PrivateKey](t)(x509.ParsePKCS1PrivateKey(block.Bytes))
	certificate := parsePEM(t, *made.CertificatePem)
	if !key.PublicKey.Equal(certificate.PublicKey) || key.N.BitLen() != 2048 || certificate.Subject.CommonName != "AWS IoT Certificate" ||
		certificate.NotAfter.Year() != 2049 || !strings.HasPrefix(*made.KeyPair.PublicKey, "-----BEGIN PUBLIC KEY-----") {
		t.Errorf("issued %+v", certificate)
	}
	described := describeCertificate(t, c, made.CertificateId)
	if described.Status != types.CertificateStatusActive || described.CertificateMode != types.CertificateModeDefault ||
		*described.CertificatePem != *made.CertificatePem {
		t.Errorf("described %+v", described)
	}
	removeCertificate(t, c, made.CertificateId)

	request := must[[]byte](t)(x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: "lamp", Organization: []string{"Acme"}}}, key))
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}))
	var ids []string
	for range 2 {
		signed := must[*iot.CreateCertificateFromCsrOutput](t)(c.CreateCertificateFromCsr(ctx,
			&iot.CreateCertificateFromCsrInput{CertificateSigningRequest: &text}))
		certificate = parsePEM(t, *signed.CertificatePem)
		if !key.PublicKey.Equal(certificate.PublicKey) || certificate.Subject.String() != "CN=lamp,O=Acme" ||
			describeCertificate(t, c, signed.CertificateId).Status != types.CertificateStatusInactive {
			t.Errorf("signed %+v", certificate)
		}
		ids = append(ids, *signed.CertificateId)
		removeCertificate(t, c, signed.CertificateId)
	}
	if ids[0] == ids[1] {
		t.Error("a request was answered twice with one certificate")
	}
}

func parsePEM(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	return must[*x509.Certificate](t)(x509.ParseCertificate(block.Bytes))
}

func walkAuthorities(t *testing.T, c clients) {
	ctx, a := t.Context(), materialtest.NewIssuer("Acme CA")
	code := *must[*iot.GetRegistrationCodeOutput](t)(c.GetRegistrationCode(ctx, &iot.GetRegistrationCodeInput{})).RegistrationCode
	if again := must[*iot.GetRegistrationCodeOutput](t)(c.GetRegistrationCode(ctx, &iot.GetRegistrationCodeInput{})); code !=
		*again.RegistrationCode || len(code) != 64 {
		t.Errorf("code %s, then %s", code, *again.RegistrationCode)
	}
	proof := a.Sign(code)
	config := &types.RegistrationConfig{RoleArn: aws.String("arn:aws-cn:iam::123456789012:role/r"), TemplateName: aws.String("line")}
	ca := must[*iot.RegisterCACertificateOutput](t)(c.RegisterCACertificate(ctx, &iot.RegisterCACertificateInput{
		CaCertificate: aws.String(a.PEM()), VerificationCertificate: &proof, SetAsActive: true, AllowAutoRegistration: true,
		RegistrationConfig: config,
		Tags:               []types.Tag{{Key: aws.String("site"), Value: aws.String("Graz")}},
	}))
	described := must[*iot.DescribeCACertificateOutput](t)(c.DescribeCACertificate(ctx,
		&iot.DescribeCACertificateInput{CertificateId: ca.CertificateId}))
	if d := described.CertificateDescription; d.Status != types.CACertificateStatusActive || *d.CertificatePem != a.PEM() ||
		d.AutoRegistrationStatus != types.AutoRegistrationStatusEnable || d.CertificateMode != types.CertificateModeDefault ||
		*described.RegistrationConfig.TemplateName != "line" || d.Validity.NotAfter == nil {
		t.Errorf("CA %+v", d)
	}
	listed := must[*iot.ListCACertificatesOutput](t)(c.ListCACertificates(ctx, &iot.ListCACertificatesInput{TemplateName: aws.String("line")}))
	if len(listed.Certificates) != 1 || *listed.Certificates[0].CertificateArn != *ca.CertificateArn {
		t.Errorf("CAs %+v", listed.Certificates)
	}
	leaf := a.Sign("lamp")
	device := must[*iot.RegisterCertificateOutput](t)(c.RegisterCertificate(ctx, &iot.RegisterCertificateInput{CertificatePem: &leaf}))
	if d := describeCertificate(t, c, device.CertificateId); *d.CaCertificateId != *ca.CertificateId ||
		d.CertificateMode != types.CertificateModeDefault {
		t.Errorf("device %+v", d)
	}
	by := must[*iot.ListCertificatesByCAOutput](t)(c.ListCertificatesByCA(ctx,
		&iot.ListCertificatesByCAInput{CaCertificateId: ca.CertificateId}))
	if len(by.Certificates) != 1 || *by.Certificates[0].CertificateId != *device.CertificateId {
		t.Errorf("by CA: %+v", by.Certificates)
	}
	removeCertificate(t, c, device.CertificateId)
	_ = must[*iot.UpdateCACertificateOutput](t)(c.UpdateCACertificate(ctx, &iot.UpdateCACertificateInput{
		CertificateId: ca.CertificateId, NewStatus: types.CACertificateStatusInactive, RemoveAutoRegistration: true,
	}))
	_ = must[*iot.DeleteCACertificateOutput](t)(c.DeleteCACertificate(ctx, &iot.DeleteCACertificateInput{CertificateId: ca.CertificateId}))
}

func walkTransfer(t *testing.T, c clients) {
	ctx := t.Context()
	id, arn := register(t, c, types.CertificateStatusInactive)
	offer := func() {
		out := must[*iot.TransferCertificateOutput](t)(c.TransferCertificate(ctx, &iot.TransferCertificateInput{
			CertificateId: &id, TargetAwsAccount: aws.String("210987654321"), TransferMessage: aws.String("from Graz"),
		}))
		outgoing := must[*iot.ListOutgoingCertificatesOutput](t)(c.ListOutgoingCertificates(ctx, &iot.ListOutgoingCertificatesInput{})).
			OutgoingCertificates
		if *out.TransferredCertificateArn != arn || len(outgoing) != 1 || *outgoing[0].TransferMessage != "from Graz" ||
			*outgoing[0].TransferredTo != "210987654321" || describeCertificate(t, c, &id).Status != types.CertificateStatusPendingTransfer {
			t.Errorf("offered %+v", outgoing)
		}
	}
	offer()
	_ = must[*iot.CancelCertificateTransferOutput](t)(c.CancelCertificateTransfer(ctx,
		&iot.CancelCertificateTransferInput{CertificateId: &id}))
	offer()
	_ = must[*iot.RejectCertificateTransferOutput](t)(c.RejectCertificateTransfer(ctx,
		&iot.RejectCertificateTransferInput{CertificateId: &id, RejectReason: aws.String("not ours")}))
	if d := describeCertificate(t, c, &id); d.Status != types.CertificateStatusInactive || *d.TransferData.RejectReason != "not ours" ||
		*d.OwnedBy != DefaultAccount || d.TransferData.AcceptDate != nil {
		t.Errorf("rejected %+v", d)
	}
	offer()
	_ = must[*iot.AcceptCertificateTransferOutput](t)(c.AcceptCertificateTransfer(ctx,
		&iot.AcceptCertificateTransferInput{CertificateId: &id, SetAsActive: true}))
	if d := describeCertificate(t, c, &id); d.Status != types.CertificateStatusActive || *d.OwnedBy != "210987654321" ||
		*d.PreviousOwnedBy != DefaultAccount || d.TransferData.AcceptDate == nil {
		t.Errorf("accepted %+v", d)
	}
	removeCertificate(t, c, &id)
}

// principalPolicies are operations that the SDK calls deprecated and that scripts still call.
type principalPolicies interface {
	AttachPrincipalPolicy(context.Context, *iot.AttachPrincipalPolicyInput, ...func(*iot.Options)) (
		*iot.AttachPrincipalPolicyOutput, error)
	DetachPrincipalPolicy(context.Context, *iot.DetachPrincipalPolicyInput, ...func(*iot.Options)) (
		*iot.DetachPrincipalPolicyOutput, error)
	ListPrincipalPolicies(context.Context, *iot.ListPrincipalPoliciesInput, ...func(*iot.Options)) (
		*iot.ListPrincipalPoliciesOutput, error)
	ListPolicyPrincipals(context.Context, *iot.ListPolicyPrincipalsInput, ...func(*iot.Options)) (
		*iot.ListPolicyPrincipalsOutput, error)
}

func walkPolicies(t *testing.T, c clients) {
	ctx, name := t.Context(), aws.String("v")
	policy := must[*iot.CreatePolicyOutput](t)(c.CreatePolicy(ctx,
		&iot.CreatePolicyInput{PolicyName: name, PolicyDocument: aws.String(document)}))
	second := must[*iot.CreatePolicyVersionOutput](t)(c.CreatePolicyVersion(ctx,
		&iot.CreatePolicyVersionInput{PolicyName: name, PolicyDocument: aws.String(document + " ")}))
	_ = must[*iot.SetDefaultPolicyVersionOutput](t)(c.SetDefaultPolicyVersion(ctx,
		&iot.SetDefaultPolicyVersionInput{PolicyName: name, PolicyVersionId: second.PolicyVersionId}))
	version := must[*iot.GetPolicyVersionOutput](t)(c.GetPolicyVersion(ctx,
		&iot.GetPolicyVersionInput{PolicyName: name, PolicyVersionId: second.PolicyVersionId}))
	now := must[*iot.GetPolicyOutput](t)(c.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: name}))
	if !version.IsDefaultVersion || *version.PolicyDocument != document+" " || *now.DefaultVersionId != "2" ||
		*now.PolicyDocument != document+" " || second.IsDefaultVersion {
		t.Errorf("version %+v of %+v", version, now)
	}
	_ = must[*iot.DeletePolicyVersionOutput](t)(c.DeletePolicyVersion(ctx,
		&iot.DeletePolicyVersionInput{PolicyName: name, PolicyVersionId: policy.PolicyVersionId}))
	left := must[*iot.ListPolicyVersionsOutput](t)(c.ListPolicyVersions(ctx, &iot.ListPolicyVersionsInput{PolicyName: name})).PolicyVersions
	if len(left) != 1 || *left[0].VersionId != "2" || left[0].CreateDate == nil {
		t.Errorf("versions %+v", left)
	}
	id, arn := register(t, c, types.CertificateStatusActive)
	var old principalPolicies = c
	_ = must[*iot.AttachPrincipalPolicyOutput](t)(old.AttachPrincipalPolicy(ctx,
		&iot.AttachPrincipalPolicyInput{PolicyName: name, Principal: &arn}))
	policies := must[*iot.ListPrincipalPoliciesOutput](t)(old.ListPrincipalPolicies(ctx, &iot.ListPrincipalPoliciesInput{Principal: &arn})).
		Policies
	principals := must[*iot.ListPolicyPrincipalsOutput](t)(old.ListPolicyPrincipals(ctx, &iot.ListPolicyPrincipalsInput{PolicyName: name})).
		Principals
	if len(policies) != 1 || *policies[0].PolicyArn != *policy.PolicyArn || !slices.Equal(principals, []string{arn}) {
		t.Errorf("policies %+v, principals %v", policies, principals)
	}
	_ = must[*iot.DetachPrincipalPolicyOutput](t)(old.DetachPrincipalPolicy(ctx,
		&iot.DetachPrincipalPolicyInput{PolicyName: name, Principal: &arn}))
	removeCertificate(t, c, &id)

	tags := func() (all []string) {
		out := must[*iot.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx, &iot.ListTagsForResourceInput{ResourceArn: policy.PolicyArn}))
		for _, tag := range out.Tags {
			all = append(all, *tag.Key+"="+*tag.Value)
		}
		return all
	}
	_ = must[*iot.TagResourceOutput](t)(c.TagResource(ctx, &iot.TagResourceInput{ResourceArn: policy.PolicyArn, Tags: []types.Tag{
		{Key: aws.String("site"), Value: aws.String("Graz")}, {Key: aws.String("line"), Value: aws.String("7")},
	}}))
	if got := tags(); !slices.Equal(got, []string{"line=7", "site=Graz"}) {
		t.Errorf("tags %v", got)
	}
	_ = must[*iot.UntagResourceOutput](t)(c.UntagResource(ctx,
		&iot.UntagResourceInput{ResourceArn: policy.PolicyArn, TagKeys: []string{"line", "none"}}))
	if got := tags(); !slices.Equal(got, []string{"site=Graz"}) {
		t.Errorf("tags %v", got)
	}
	_ = must[*iot.DeletePolicyOutput](t)(c.DeletePolicy(ctx, &iot.DeletePolicyInput{PolicyName: name}))
}

func walkGroups(t *testing.T, c clients) {
	ctx, name := t.Context(), aws.String("updated")
	_ = must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{
		ThingGroupName: name, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
		ThingGroupProperties: &types.ThingGroupProperties{ThingGroupDescription: aws.String("old"), AttributePayload: attributes(1)},
	}))
	merged := attributes(2)
	merged.Merge = true
	updated := must[*iot.UpdateThingGroupOutput](t)(c.UpdateThingGroup(ctx, &iot.UpdateThingGroupInput{
		ThingGroupName: name, ExpectedVersion: aws.Int64(1), ThingGroupProperties: &types.ThingGroupProperties{AttributePayload: merged},
	}))
	group := must[*iot.DescribeThingGroupOutput](t)(c.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: name}))
	if updated.Version != 2 || group.Version != 2 || *group.ThingGroupProperties.ThingGroupDescription != "old" ||
		len(group.ThingGroupProperties.AttributePayload.Attributes) != 2 {
		t.Errorf("group %+v", group)
	}
	_ = must[*iot.DeleteThingGroupOutput](t)(c.DeleteThingGroup(ctx,
		&iot.DeleteThingGroupInput{ThingGroupName: name, ExpectedVersion: aws.Int64(2)}))
	_ = must[*iot.CreateBillingGroupOutput](t)(c.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{BillingGroupName: name}))
	billing := must[*iot.UpdateBillingGroupOutput](t)(c.UpdateBillingGroup(ctx, &iot.UpdateBillingGroupInput{
		BillingGroupName: name, BillingGroupProperties: &types.BillingGroupProperties{BillingGroupDescription: aws.String("new")},
	}))
	if described := must[*iot.DescribeBillingGroupOutput](t)(c.DescribeBillingGroup(ctx,
		&iot.DescribeBillingGroupInput{BillingGroupName: name})); billing.Version != 2 ||
		*described.BillingGroupProperties.BillingGroupDescription != "new" {
		t.Errorf("billing group %+v", described)
	}
	_ = must[*iot.DeleteBillingGroupOutput](t)(c.DeleteBillingGroup(ctx,
		&iot.DeleteBillingGroupInput{BillingGroupName: name, ExpectedVersion: aws.Int64(2)}))
}

func walkIndex(t *testing.T, c clients) {
	ctx, name := t.Context(), aws.String
	_ = must[*iot.UpdateIndexingConfigurationOutput](t)(c.UpdateIndexingConfiguration(ctx, &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{
			ThingIndexingMode: types.ThingIndexingModeRegistry, ThingConnectivityIndexingMode: types.ThingConnectivityIndexingModeStatus,
		},
	}))
	config := must[*iot.GetIndexingConfigurationOutput](t)(c.GetIndexingConfiguration(ctx, &iot.GetIndexingConfigurationInput{}))
	index := must[*iot.DescribeIndexOutput](t)(c.DescribeIndex(ctx, &iot.DescribeIndexInput{IndexName: name("AWS_Things")}))
	indices := must[*iot.ListIndicesOutput](t)(c.ListIndices(ctx, &iot.ListIndicesInput{}))
	if config.ThingIndexingConfiguration.ThingIndexingMode != types.ThingIndexingModeRegistry ||
		config.ThingGroupIndexingConfiguration.ThingGroupIndexingMode != types.ThingGroupIndexingModeOff ||
		index.IndexStatus != types.IndexStatusActive || !slices.Equal(indices.IndexNames, []string{"AWS_Things"}) {
		t.Errorf("config %+v, index %+v, indices %v", config, index, indices.IndexNames)
	}
	for _, thing := range []string{"lamp1", "lamp2", "door"} {
		_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{
			ThingName:        &thing,
			AttributePayload: &types.AttributePayload{Attributes: map[string]string{"power": string(thing[len(thing)-1])}},
		}))
	}
	_ = must[*iot.CreateDynamicThingGroupOutput](t)(c.CreateDynamicThingGroup(ctx,
		&iot.CreateDynamicThingGroupInput{ThingGroupName: name("lamps"), QueryString: name("thingName:lamp*")}))
	version := must[*iot.UpdateDynamicThingGroupOutput](t)(c.UpdateDynamicThingGroup(ctx, &iot.UpdateDynamicThingGroupInput{
		ThingGroupName: name("lamps"), ThingGroupProperties: &types.ThingGroupProperties{},
		QueryString: name("thingName:lamp* AND attributes.power>1"),
	})).Version
	members := must[*iot.ListThingsInThingGroupOutput](t)(c.ListThingsInThingGroup(ctx,
		&iot.ListThingsInThingGroupInput{ThingGroupName: name("lamps")}))
	groups := must[*iot.ListThingGroupsForThingOutput](t)(c.ListThingGroupsForThing(ctx,
		&iot.ListThingGroupsForThingInput{ThingName: name("lamp2")}))
	if version != 2 || !slices.Equal(members.Things, []string{"lamp2"}) || len(groups.ThingGroups) != 1 {
		t.Errorf("version %d, members %v, groups %+v", version, members.Things, groups.ThingGroups)
	}
	found := must[*iot.SearchIndexOutput](t)(c.SearchIndex(ctx,
		&iot.SearchIndexInput{QueryString: name("thingName:lamp*"), MaxResults: aws.Int32(1)}))
	other := must[*iot.SearchIndexOutput](t)(c.SearchIndex(ctx,
		&iot.SearchIndexInput{QueryString: name("thingName:lamp*"), NextToken: found.NextToken}))
	if len(found.Things) != 1 || len(other.Things) != 1 || *other.Things[0].ThingName != "lamp2" || other.NextToken != nil ||
		other.Things[0].Attributes["power"] != "2" {
		t.Errorf("found %+v, then %+v", found.Things, other.Things)
	}
	connected := must[*iot.GetThingConnectivityDataOutput](t)(c.GetThingConnectivityData(ctx,
		&iot.GetThingConnectivityDataInput{ThingName: name("lamp1")}))
	if *connected.Connected || connected.DisconnectReason != types.DisconnectReasonValueUnknown {
		t.Errorf("connectivity %+v", connected)
	}
	statistics := must[*iot.GetStatisticsOutput](t)(c.GetStatistics(ctx,
		&iot.GetStatisticsInput{QueryString: name("thingName:lamp*"), AggregationField: name("attributes.power")})).Statistics
	if statistics.Count != 2 || *statistics.Average != 1.5 || *statistics.Sum != 3 || *statistics.Minimum != 1 || *statistics.Maximum != 2 ||
		*statistics.SumOfSquares != 5 || *statistics.Variance != 0.25 || *statistics.StdDeviation != 0.5 {
		t.Errorf("statistics %+v", statistics)
	}
	_ = must[*iot.DeleteDynamicThingGroupOutput](t)(c.DeleteDynamicThingGroup(ctx,
		&iot.DeleteDynamicThingGroupInput{ThingGroupName: name("lamps")}))
	for _, thing := range []string{"lamp1", "lamp2", "door"} {
		_ = must[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: &thing}))
	}
}
