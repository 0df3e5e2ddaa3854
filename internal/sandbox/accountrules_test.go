package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// registerCA registers an authority that is active in DEFAULT mode.
func registerCA(t *testing.T, c clients, a materialtest.Issuer) (id string) {
	t.Helper()
	code := must[*iot.GetRegistrationCodeOutput](t)(c.GetRegistrationCode(t.Context(), &iot.GetRegistrationCodeInput{})).RegistrationCode
	out := must[*iot.RegisterCACertificateOutput](t)(c.RegisterCACertificate(t.Context(), &iot.RegisterCACertificateInput{
		CaCertificate: aws.String(a.PEM()), VerificationCertificate: aws.String(a.Sign(*code)), SetAsActive: true,
	}))
	return *out.CertificateId
}

// Every error of the operations that provisioning scripts use has AWS's code and status.
func TestRulesOfTheAccountAreAWSs(t *testing.T) {
	t.Parallel()
	const bad, gone, state, invalid = "InvalidRequestException", "ResourceNotFoundException", "CertificateStateException",
		"CertificateValidationException"
	known, other := materialtest.NewIssuer("Known CA"), materialtest.NewIssuer("Other CA")
	tag := func(arn, key string, n int) func(ruled) error {
		return func(r ruled) error {
			var tags []types.Tag
			for i := range n {
				tags = append(tags, types.Tag{Key: aws.String(key + strings.Repeat("x", i)), Value: aws.String("")})
			}
			_, err := r.TagResource(r.ctx, &iot.TagResourceInput{ResourceArn: &arn, Tags: tags})
			return err
		}
	}
	registerWith := func(leaf, ca string) func(ruled) error {
		return func(r ruled) error {
			in := &iot.RegisterCertificateInput{CertificatePem: &leaf}
			if ca != "" {
				in.CaCertificatePem = &ca
			}
			_, err := r.RegisterCertificate(r.ctx, in)
			return err
		}
	}
	verified := func(ca, proof string, mode types.CertificateMode) func(ruled) error {
		return func(r ruled) error {
			in := &iot.RegisterCACertificateInput{CaCertificate: &ca, CertificateMode: mode}
			if proof != "" {
				in.VerificationCertificate = &proof
			}
			_, err := r.RegisterCACertificate(r.ctx, in)
			return err
		}
	}
	transfer := func(r ruled) error {
		_, err := r.TransferCertificate(r.ctx, &iot.TransferCertificateInput{CertificateId: &r.id, TargetAwsAccount: aws.String("210987654321")})
		return err
	}
	search := func(text string) func(ruled) error {
		return func(r ruled) error {
			_, err := r.SearchIndex(r.ctx, &iot.SearchIndexInput{QueryString: &text})
			return err
		}
	}
	group := account + "thinggroup/plant"
	for _, tt := range []struct {
		name   string
		call   func(ruled) error
		code   string
		status int
		text   string
	}{
		{"certificate of no CA", registerWith(other.Sign("x"), ""), state, 406, "No CA certificate exists"},
		{"certificate of a CA that is not registered", registerWith(other.Sign("x"), other.PEM()), state, 406, "No CA"},
		{"certificate of another CA", registerWith(other.Sign("x"), known.PEM()), invalid, 400, "issuer"},
		{"CA without verification", verified(other.PEM(), "", ""), bad, 400, "DEFAULT mode"},
		{"CA with verification", verified(other.PEM(), other.Sign("x"), types.CertificateModeSniOnly), bad, 400, "SNI_ONLY"},
		{"CA with a wrong code", verified(other.PEM(), other.Sign("x"), ""), "RegistrationCodeValidationException", 400, "CN field"},
		{"verification of another CA", verified(other.PEM(), known.Sign("x"), ""), invalid, 400, "issuer"},
		{"CA that is none", verified(known.Sign("x"), "", types.CertificateModeSniOnly), invalid, 400, "CA:TRUE"},
		{"CA again", verified(known.PEM(), "", types.CertificateModeSniOnly), "ResourceAlreadyExistsException", 409, "already exists"},
		{"active CA", func(r ruled) error {
			ca := must[*iot.ListCACertificatesOutput](t)(r.ListCACertificates(r.ctx, &iot.ListCACertificatesInput{})).Certificates[0]
			_, err := r.DeleteCACertificate(r.ctx, &iot.DeleteCACertificateInput{CertificateId: ca.CertificateId})
			return err
		}, state, 406, "deactivated"},
		{"missing CA", func(r ruled) error {
			_, err := r.DescribeCACertificate(r.ctx, &iot.DescribeCACertificateInput{CertificateId: &r.absentID})
			return err
		}, gone, 404, "Requested CA"},
		{"transfer of an active certificate", transfer, state, 406, "not ACTIVE"},
		{
			"transfer of an attached certificate", func(r ruled) error { return first(r.status("INACTIVE"), transfer(r)) },
			"TransferConflictException", 409, "Things",
		},
		{"acceptance without an offer", func(r ruled) error {
			_, err := r.AcceptCertificateTransfer(r.ctx, &iot.AcceptCertificateTransferInput{CertificateId: &r.id})
			return err
		}, bad, 400, "not being transferred"},
		{"sixth version of a policy", func(r ruled) error {
			for i := range 5 {
				if _, err := r.CreatePolicyVersion(r.ctx,
					&iot.CreatePolicyVersionInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(document)}); err != nil {
					return first(unless(i == 4, "an earlier version was refused"), err)
				}
			}
			return nil
		}, "VersionsLimitExceededException", 409, "5"},
		{"missing version", func(r ruled) error {
			_, err := r.GetPolicyVersion(r.ctx, &iot.GetPolicyVersionInput{PolicyName: aws.String("p"), PolicyVersionId: aws.String("9")})
			return err
		}, gone, 404, "versionId=9"},
		{"default version", func(r ruled) error {
			_, err := r.DeletePolicyVersion(r.ctx, &iot.DeletePolicyVersionInput{PolicyName: aws.String("p"), PolicyVersionId: aws.String("1")})
			return err
		}, "DeleteConflictException", 409, "default"},
		{"policy with versions", func(r ruled) error {
			_ = must[*iot.CreatePolicyVersionOutput](t)(r.CreatePolicyVersion(r.ctx,
				&iot.CreatePolicyVersionInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(document)}))
			_, err := r.DeletePolicy(r.ctx, &iot.DeletePolicyInput{PolicyName: aws.String("p")})
			return err
		}, "DeleteConflictException", 409, "multiple versions"},
		{"wrong version of a group", func(r ruled) error {
			_, err := r.UpdateThingGroup(r.ctx, &iot.UpdateThingGroupInput{
				ThingGroupName: aws.String("plant"), ExpectedVersion: aws.Int64(7), ThingGroupProperties: &types.ThingGroupProperties{},
			})
			return err
		}, "VersionConflictException", 409, "plant"},
		{"update of a dynamic group as a static one", func(r ruled) error {
			_, err := r.UpdateThingGroup(r.ctx,
				&iot.UpdateThingGroupInput{ThingGroupName: aws.String("hot"), ThingGroupProperties: &types.ThingGroupProperties{}})
			return err
		}, bad, 400, "dynamic"},
		{"query that is none", search("thingName:"), "InvalidQueryException", 400, "value"},
		{"search for shadows", search("shadow.reported.x:1"), "InvalidQueryException", 400, "not indexed"},
		{"disabled index", func(r ruled) error {
			_ = must[*iot.DeleteDynamicThingGroupOutput](t)(r.DeleteDynamicThingGroup(r.ctx,
				&iot.DeleteDynamicThingGroupInput{ThingGroupName: aws.String("hot")}))
			_ = must[*iot.UpdateIndexingConfigurationOutput](t)(r.UpdateIndexingConfiguration(r.ctx, &iot.UpdateIndexingConfigurationInput{
				ThingIndexingConfiguration: &types.ThingIndexingConfiguration{ThingIndexingMode: types.ThingIndexingModeOff},
			}))
			return search("*")(r)
		}, gone, 404, "AWS_Things"},
		{"51 tags", afterwards(tag(group, "k", 50), tag(group, "l", 1)), bad, 400, "Too many"},
		{"tag of AWS", tag(group, "aws:x", 1), bad, 400, "aws:"},
		{"tag of a thing", tag(account+"thing/free", "k", 1), bad, 400, "resource type"},
		{"tag of a missing group", tag(account+"thinggroup/no", "k", 1), gone, 404, "no does not exist"},
		{"CSR that is none", func(r ruled) error {
			_, err := r.CreateCertificateFromCsr(r.ctx, &iot.CreateCertificateFromCsrInput{CertificateSigningRequest: aws.String("x")})
			return err
		}, bad, 400, "CSR"},
		{"template that is none", func(r ruled) error {
			_, err := r.RegisterThing(r.ctx, &iot.RegisterThingInput{TemplateBody: aws.String("x")})
			return err
		}, bad, 400, "template"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := arrange(t)
			registerCA(t, r.clients, known)
			err := tt.call(r)
			var response *awshttp.ResponseError
			if !errors.As(err, &response) || codeOf(err) != tt.code || response.HTTPStatusCode() != tt.status ||
				!strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, want %s with status %d and %q", err, tt.code, tt.status, tt.text)
			}
		})
	}
}

// afterwards returns a call that makes two, of which the first must succeed.
func afterwards(one, two func(ruled) error) func(ruled) error {
	return func(r ruled) error {
		if err := one(r); err != nil {
			return fmt.Errorf("50 tags were refused: %v", err) //nolint:errorlint // the caller must not take it for the error of the second
		}
		return two(r)
	}
}
