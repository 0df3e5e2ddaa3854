package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/policyvectors"
)

var actionTypes = map[string]types.ActionType{
	"iot:Connect": types.ActionTypeConnect, "iot:Publish": types.ActionTypePublish,
	"iot:Subscribe": types.ActionTypeSubscribe, "iot:Receive": types.ActionTypeReceive,
}

// canBeAsked reports whether TestAuthorization can be asked, which does not know persistent sessions.
func canBeAsked(v *policyvectors.Decision) bool {
	_, ok := actionTypes[v.Request.Action]
	return ok && isOrdinary(&v.Connection) && !v.Connection.Persistent
}

// isOrdinary reports whether a device of the sandbox can have such a connection, without a will. The test's
// certificates have no alternative names but those of ordinary subjects.
func isOrdinary(c *policyvectors.Connection) bool {
	if c.Certificate != nil {
		alternative := len(c.Certificate.Subject["AlternativeName.DirectoryName"]) > 0
		for field := range c.Certificate.Issuer {
			alternative = alternative || strings.HasPrefix(field, "AlternativeName.")
		}
		if alternative || c.Certificate.ID != "" || c.Certificate.SerialNumber != "" || c.Certificate.ROCA {
			return false
		}
	}
	return c.Region == "us-east-1" && c.Account == "123456789012" && c.Partition == "" && c.Transport == "" && !c.SourceIP.IsValid() &&
		c.DomainName == "" && c.Will == "" && c.Time.IsZero()
}

// The sandbox must decide as the library does. The vectors are those of the library, in a
// registry that has been filled over the API.
func TestAuthorizationDecidesTheVectors(t *testing.T) {
	t.Parallel()
	file := must[*policyvectors.Decisions](t)(policyvectors.ReadDecisions())
	asked := 0
	for i, v := range file.Vectors {
		if !canBeAsked(&v) {
			continue
		}
		c := direct(open(t, Options{}))
		certificate, _ := certificateOf(t, &v)
		principal, ok := fill(t, c, &v, file.Policies, certificate)
		if !ok {
			continue
		}
		resource := v.Request.Resource
		if v.Request.Action == "iot:Connect" && resource == "" {
			resource = "client/" + v.Connection.ClientID
		}
		if !strings.HasPrefix(resource, "arn:") {
			resource = "arn:aws:iot:us-east-1:123456789012:" + resource
		}
		out, err := c.TestAuthorization(t.Context(), &iot.TestAuthorizationInput{
			Principal: &principal, ClientId: &v.Connection.ClientID,
			AuthInfos: []types.AuthInfo{{ActionType: actionTypes[v.Request.Action], Resources: []string{resource}}},
		})
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		want := strings.ReplaceAll(strings.ToUpper(string(v.Outcome)), "-", "_")
		if got := string(out.AuthResults[0].AuthDecision); got != want {
			t.Errorf("%d %s: %s, want %s", i, v.Name, got, want)
		}
		asked++
	}
	if asked < 390 {
		t.Errorf("only %d of %d vectors were asked", asked, len(file.Vectors))
	}
}

// fill creates what a vector describes, for a device with a certificate in DER. It reports whether AWS would
// take it.
func fill(t *testing.T, c clients, v *policyvectors.Decision, policies map[string]json.RawMessage, certificate []byte) (
	principal string, ok bool,
) {
	t.Helper()
	ctx := t.Context()
	registered, err := c.RegisterCertificateWithoutCA(ctx, &iot.RegisterCertificateWithoutCAInput{
		CertificatePem: aws.String(encode(certificate)), Status: types.CertificateStatusActive,
	})
	if err != nil {
		return "", false
	}
	things := v.Connection.Things
	if v.Connection.OtherThing {
		if _, err := c.CreateThing(ctx, &iot.CreateThingInput{ThingName: &v.Connection.ClientID}); err != nil {
			return "", false
		}
	}
	for _, thing := range things {
		in := &iot.CreateThingInput{ThingName: &thing.Name, AttributePayload: &types.AttributePayload{Attributes: thing.Attributes}}
		if thing.Type != "" {
			_ = must[*iot.CreateThingTypeOutput](t)(c.CreateThingType(ctx, &iot.CreateThingTypeInput{ThingTypeName: &thing.Type}))
			in.ThingTypeName = &thing.Type
		}
		if _, err := c.CreateThing(ctx, in); err != nil {
			return "", false
		}
		attach := &iot.AttachThingPrincipalInput{ThingName: &thing.Name, Principal: registered.CertificateArn}
		if thing.Exclusive {
			attach.ThingPrincipalType = types.ThingPrincipalTypeExclusiveThing
		}
		if _, err := c.AttachThingPrincipal(ctx, attach); err != nil {
			return "", false
		}
	}
	for i, name := range v.Policies {
		name, document := "p"+strconv.Itoa(i), string(policies[name])
		_ = must[*iot.CreatePolicyOutput](t)(c.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document}))
		if _, err := c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &name, Target: registered.CertificateArn}); err != nil {
			return "", false
		}
	}
	return *registered.CertificateArn, true
}

var attributeTypes = map[string]int{
	"CommonName": 3, "Surname": 4, "SerialNumber": 5, "Country": 6, "State": 8, "Organization": 10, "OrganizationalUnit": 11, "Title": 12,
	"GivenName": 42, "Initials": 43, "GenerationQualifier": 44, "DistinguishedNameQualifier": 46, "Pseudonym": 65,
}

func distinguishedName(fields map[string][]string) (name pkix.Name) {
	for field, values := range fields {
		if number, ok := attributeTypes[field]; ok {
			for _, value := range values {
				name.ExtraNames = append(name.ExtraNames,
					pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, number}, Value: value})
			}
		}
	}
	return name
}

// certificateOf returns a certificate with the names of the vector, and its key.
func certificateOf(t *testing.T, v *policyvectors.Decision) (der []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	subject, issuer := map[string][]string{"CommonName": {"device"}}, &x509.Certificate{}
	if c := v.Connection.Certificate; c != nil {
		subject, issuer.Subject = c.Subject, distinguishedName(c.Issuer)
	}
	template := &x509.Certificate{
		SerialNumber: bigInt(), Subject: distinguishedName(subject), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: subject["AlternativeName.DNSName"], EmailAddresses: subject["AlternativeName.RFC822Name"],
	}
	for _, text := range subject["AlternativeName.UniformResourceIdentifier"] {
		template.URIs = append(template.URIs, must[*url.URL](t)(url.Parse(text)))
	}
	for _, text := range subject["AlternativeName.IPAddress"] {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(text))
	}
	key = must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)), key
}

// TestAuthorization must take the policies of groups only for the thing that the connection
// belongs to, and answer what a change of policies would do.
func TestAuthorizationFollowsGroupsAndChanges(t *testing.T) {
	t.Parallel()
	c, ctx := dial(t, open(t, Options{})), t.Context()
	_, arn := register(t, c, types.CertificateStatusActive)
	policy := func(name, effect, action, resource string) *string {
		document := `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"}]}`
		_ = must[*iot.CreatePolicyOutput](t)(c.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document}))
		return &name
	}
	attach := func(name *string, target string) {
		_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: name, Target: &target}))
	}
	attach(policy("connect", "Allow", "iot:Connect", "*"), arn)
	plant := must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("plant")}))
	line := must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx,
		&iot.CreateThingGroupInput{ThingGroupName: aws.String("line"), ParentGroupName: aws.String("plant")}))
	attach(policy("publish", "Allow", "iot:Publish", "*"), *plant.ThingGroupArn)
	policy("quiet", "Deny", "iot:Publish", "*")
	thing := aws.String("t1")
	_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: thing}))
	_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: thing, Principal: &arn}))
	_ = must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
		&iot.AddThingToThingGroupInput{ThingName: thing, ThingGroupName: line.ThingGroupName}))

	ask := func(principal, clientID string, add, skip []string) types.AuthResult {
		t.Helper()
		out := must[*iot.TestAuthorizationOutput](t)(c.TestAuthorization(ctx, &iot.TestAuthorizationInput{
			Principal: &principal, ClientId: &clientID, PolicyNamesToAdd: add, PolicyNamesToSkip: skip,
			AuthInfos: []types.AuthInfo{{ActionType: types.ActionTypePublish, Resources: []string{"arn:aws:iot:us-east-1:123456789012:topic/a"}}},
		}))
		return out.AuthResults[0]
	}
	for _, test := range []struct {
		principal, clientID string
		add, skip           []string
		want                types.AuthDecision
	}{
		{arn, "t1", nil, nil, types.AuthDecisionAllowed},
		{arn, "t2", nil, nil, types.AuthDecisionImplicitDeny},
		{arn, "t1", []string{"quiet"}, nil, types.AuthDecisionExplicitDeny},
		{arn, "t1", nil, []string{"publish"}, types.AuthDecisionImplicitDeny},
		{*line.ThingGroupArn, "", nil, nil, types.AuthDecisionAllowed},
	} {
		if got := ask(test.principal, test.clientID, test.add, test.skip).AuthDecision; got != test.want {
			t.Errorf("%v: %s", test, got)
		}
	}
	denied := ask(arn, "t1", []string{"quiet"}, nil)
	names := func(policies []types.Policy) (names []string) {
		for _, p := range policies {
			names = append(names, *p.PolicyName)
		}
		return names
	}
	got := [][]string{
		names(denied.Allowed.Policies), names(denied.Denied.ImplicitDeny.Policies), names(denied.Denied.ExplicitDeny.Policies),
	}
	if diff := cmp.Diff([][]string{{"publish"}, {"connect"}, {"quiet"}}, got); diff != "" {
		t.Error(diff)
	}

	effective := func(in *iot.GetEffectivePoliciesInput) (names []string) {
		t.Helper()
		for _, p := range must[*iot.GetEffectivePoliciesOutput](t)(c.GetEffectivePolicies(ctx, in)).EffectivePolicies {
			names = append(names, *p.PolicyName)
		}
		slices.Sort(names)
		return names
	}
	for _, test := range []struct {
		in   iot.GetEffectivePoliciesInput
		want []string
	}{
		{iot.GetEffectivePoliciesInput{Principal: &arn}, []string{"connect"}},
		{iot.GetEffectivePoliciesInput{Principal: &arn, ThingName: thing}, []string{"connect", "publish"}},
		{iot.GetEffectivePoliciesInput{ThingName: thing}, []string{"publish"}},
		{iot.GetEffectivePoliciesInput{Principal: line.ThingGroupArn}, []string{"publish"}},
	} {
		if diff := cmp.Diff(test.want, effective(&test.in)); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := c.GetEffectivePolicies(ctx, &iot.GetEffectivePoliciesInput{}); codeOf(err) != "InvalidRequestException" {
		t.Errorf("neither principal nor thing: %v", err)
	}
	_, err := c.GetEffectivePolicies(ctx, &iot.GetEffectivePoliciesInput{ThingName: aws.String("none")})
	if codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("a thing that does not exist: %v", err)
	}
	gone := strings.Replace(arn, arn[len(arn)-8:], "00000000", 1)
	if _, err := c.TestAuthorization(ctx, &iot.TestAuthorizationInput{
		Principal: &gone, AuthInfos: []types.AuthInfo{{ActionType: types.ActionTypeConnect, Resources: []string{"*"}}},
	}); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("a certificate that does not exist: %v", err)
	}
}
