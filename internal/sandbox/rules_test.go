package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type rule struct {
	name    string
	call    func(r ruled) error
	code    string // "" for success
	status  int
	message string
}

func TestRulesAreAWSs(t *testing.T) {
	t.Parallel()
	const (
		bad     = refused
		gone    = absent
		full    = "LimitExceededException"
		version = "VersionConflictException"
	)
	rules := []rule{
		{"name with a space", func(r ruled) error { return r.create("bad name", nil) }, bad, 400, "thingName"},
		{"name of 129", func(r ruled) error { return r.create(strings.Repeat("x", 129), nil) }, bad, 400, "128"},
		{"name of 128", func(r ruled) error { return r.create(strings.Repeat("x", 128), nil) }, "", 0, ""},
		{"missing thing type", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) { in.ThingTypeName = aws.String("no") })
		}, gone, 404, "no"},
		{"missing billing group", func(r ruled) error {
			err := r.create("x", func(in *iot.CreateThingInput) { in.BillingGroupName = aws.String("no") })
			if _, absent := r.DescribeThing(r.ctx, &iot.DescribeThingInput{ThingName: aws.String("x")}); codeOf(absent) != gone {
				return errors.New("a refused thing was left behind")
			}
			return err
		}, gone, 404, "no"},
		{"deprecated type", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) { in.ThingTypeName = aws.String("old") })
		}, bad, 400, "depreated thing type:old"},
		{"4 attributes without a type", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) { in.AttributePayload = attributes(4) })
		}, bad, 400, "limit of 3"},
		{"3 attributes without a type", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) { in.AttributePayload = attributes(3) })
		}, "", 0, ""},
		{"51 attributes with a type", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) {
				in.ThingTypeName, in.AttributePayload = aws.String("sensor"), attributes(51)
			})
		}, bad, 400, "limit of 50"},
		{"50 attributes with a type", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) {
				in.ThingTypeName, in.AttributePayload = aws.String("sensor"), attributes(50)
			})
		}, "", 0, ""},
		{"attribute value with a space", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) {
				in.AttributePayload = &types.AttributePayload{Attributes: map[string]string{"a": "b c"}}
			})
		}, bad, 400, "attributePayload"},
		{"attribute name with a bracket", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) {
				in.AttributePayload = &types.AttributePayload{Attributes: map[string]string{"a[": "b"}}
			})
		}, bad, 400, "attributePayload"},
		{"attribute value of 801", func(r ruled) error {
			return r.create("x", func(in *iot.CreateThingInput) {
				in.AttributePayload = &types.AttributePayload{Attributes: map[string]string{"a": strings.Repeat("b", 801)}}
			})
		}, bad, 400, "800"},
		{"same thing again", func(r ruled) error { return first(r.create("free", nil), r.create("free", nil)) }, "", 0, ""},
		{"thing with other attributes", func(r ruled) error {
			return r.create("free", func(in *iot.CreateThingInput) { in.AttributePayload = attributes(1) })
		}, there, 409, "Thing free already exists in account with different attributes"},
		{"thing with another type", func(r ruled) error {
			return r.create("free", func(in *iot.CreateThingInput) { in.ThingTypeName = aws.String("sensor") })
		}, there, 409, "different thing type"},
		{"thing with another billing group", func(r ruled) error {
			return r.create("free", func(in *iot.CreateThingInput) { in.BillingGroupName = aws.String("acme") })
		}, there, 409, "different billing group"},
		{"update of another version", func(r ruled) error {
			_, err := r.UpdateThing(r.ctx, &iot.UpdateThingInput{ThingName: aws.String("free"), ExpectedVersion: aws.Int64(7)})
			return err
		}, version, 409, "free"},
		{"type removed below 4 attributes", func(r ruled) error {
			_, err := r.UpdateThing(r.ctx, &iot.UpdateThingInput{
				ThingName: aws.String("taken"), RemoveThingType: true,
				AttributePayload: attributes(4),
			})
			return err
		}, bad, 400, "limit of 3"},
		{"delete of a thing with a principal", func(r ruled) error {
			_, err := r.DeleteThing(r.ctx, &iot.DeleteThingInput{ThingName: aws.String("taken")})
			return err
		}, bad, 400, "Cannot delete. Thing taken is still attached to one or more principals"},
		{"delete of a missing thing", func(r ruled) error {
			_, err := r.DeleteThing(r.ctx, &iot.DeleteThingInput{ThingName: aws.String("no")})
			return err
		}, "", 0, ""},
		{"delete of another version", func(r ruled) error {
			_, err := r.DeleteThing(r.ctx, &iot.DeleteThingInput{ThingName: aws.String("free"), ExpectedVersion: aws.Int64(2)})
			return err
		}, version, 409, ""},
		{"principal to a missing thing", func(r ruled) error { return r.principal("no", "") }, gone, 404, "no"},
		{"missing principal to a thing", func(r ruled) error {
			r.arn = strings.Replace(r.arn, r.id, r.absentID, 1)
			return r.principal("free", "")
		}, gone, 404, r0},
		{"principal again", func(r ruled) error { return r.principal("taken", "") }, "", 0, ""},
		{"principal to a second thing", func(r ruled) error { return r.principal("free", "") }, "", 0, ""},
		{
			"principal exclusively to a second thing", func(r ruled) error { return r.principal("free", types.ThingPrincipalTypeExclusiveThing) },
			bad, 400, "taken",
		},
		{"exclusive principal to a second thing", func(r ruled) error {
			return first(r.principal("taken", types.ThingPrincipalTypeExclusiveThing), r.principal("free", ""))
		}, bad, 400, "exclusively attached to the thing taken"},
		{"detach of a principal that is not attached", func(r ruled) error {
			_, err := r.DetachThingPrincipal(r.ctx, &iot.DetachThingPrincipalInput{ThingName: aws.String("free"), Principal: &r.arn})
			return err
		}, gone, 404, ""},
		{"policy again", func(r ruled) error { return first(r.attach("p", r.arn), r.attach("p", r.arn)) }, "", 0, ""},
		{"missing policy", func(r ruled) error { return r.attach("no", r.arn) }, gone, 404, "no"},
		{
			"policy to a missing certificate", func(r ruled) error { return r.attach("p", strings.Replace(r.arn, r.id, r.absentID, 1)) }, gone, 404,
			"",
		},
		{"policy to a thing", func(r ruled) error { return r.attach("p", "arn:aws:iot:us-east-1:123456789012:thing/free") }, bad, 400, "target"},
		{
			"policy to another account", func(r ruled) error { return r.attach("p", strings.Replace(r.arn, "123456789012", "999999999999", 1)) },
			bad, 400, "target",
		},
		{"11 policies on a certificate", func(r ruled) error {
			for i := range 10 {
				if err := r.attach(fmt.Sprint("policy", i), r.arn); err != nil {
					return errors.New("one of ten was refused")
				}
			}
			return r.attach("policy10", r.arn)
		}, full, 410, "10"},
		{"3 policies on a group", func(r ruled) error {
			if err := first(r.attach("p", r.group("plant")), r.attach("q", r.group("plant"))); err != nil {
				return errors.New("one of two was refused")
			}
			return r.attach("r", r.group("plant"))
		}, full, 410, "2"},
		{"policy to a dynamic group", func(r ruled) error { return r.attach("p", r.group("hot")) }, bad, 400, "dynamic"},
		{"detach of a policy that is not attached", func(r ruled) error {
			_, err := r.DetachPolicy(r.ctx, &iot.DetachPolicyInput{PolicyName: aws.String("p"), Target: &r.arn})
			return err
		}, "", 0, ""},
		{"delete of an attached policy", func(r ruled) error {
			_, err := r.DeletePolicy(r.ctx, &iot.DeletePolicyInput{PolicyName: aws.String("p")})
			return first(r.attach("q", r.arn), err, second(r.DeletePolicy(r.ctx, &iot.DeletePolicyInput{PolicyName: aws.String("q")})))
		}, "DeleteConflictException", 409, "name=q"},
		{"policy with an existing name", func(r ruled) error {
			_, err := r.CreatePolicy(r.ctx, &iot.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(document)})
			return err
		}, there, 409, "p"},
		{"invalid policy document", func(r ruled) error {
			_, err := r.CreatePolicy(r.ctx, &iot.CreatePolicyInput{
				PolicyName:     aws.String("new"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17"}`),
			})
			return err
		}, "MalformedPolicyException", 400, "Statement"},
		{"policy of 2049 characters", func(r ruled) error {
			long := strings.Replace(document, `"*"`, `"arn:aws:iot:us-east-1:123456789012:topic/`+strings.Repeat("x", 2048)+`"`, 1)
			_, err := r.CreatePolicy(r.ctx, &iot.CreatePolicyInput{PolicyName: aws.String("new"), PolicyDocument: &long})
			return err
		}, bad, 400, "Policy cannot be created - size exceeds hard limit (2048)"},
		{"policy of a resource that is not an ARN", func(r ruled) error {
			_, err := r.CreatePolicy(r.ctx, &iot.CreatePolicyInput{
				PolicyName:     aws.String("new"),
				PolicyDocument: aws.String(strings.Replace(document, `"*"`, `"client/a"`, 1)),
			})
			return err
		}, "MalformedPolicyException", 400, "Policy document is Malformed: The following resources are invalid: client/a"},
		{"policy with a trailing comma", func(r ruled) error {
			_, err := r.CreatePolicy(r.ctx, &iot.CreatePolicyInput{
				PolicyName:     aws.String("new"),
				PolicyDocument: aws.String(strings.Replace(document, `"*"`, `"*",`, 1)),
			})
			return err
		}, "MalformedPolicyException", 400, "Policy document is Malformed: line 1, column 93: a comma before a closing bracket"},
		{"policy of an unknown action", func(r ruled) error {
			_, err := r.CreatePolicy(r.ctx, &iot.CreatePolicyInput{
				PolicyName:     aws.String("new"),
				PolicyDocument: aws.String(strings.Replace(document, "iot:Connect", "iot:ListThing", 1)),
			})
			return err
		}, "", 0, ""},
		{"missing group", func(r ruled) error { return r.join("free", "no") }, gone, 404, "no"},
		{"group of no thing", func(r ruled) error {
			return second(r.UpdateThingGroupsForThing(r.ctx, &iot.UpdateThingGroupsForThingInput{ThingGroupsToAdd: []string{"plant"}}))
		}, bad, 400, "thingName"},
		{"group of a missing thing", func(r ruled) error { return r.join("no", "plant") }, gone, 404, "no"},
		{"dynamic group", func(r ruled) error { return r.join("free", "hot") }, bad, 400, "dynamic"},
		{"two groups of one hierarchy", func(r ruled) error { return r.join("free", "deep3", "deep5") }, bad, 400, "same hierarchy"},
		{"group again", func(r ruled) error { return first(r.join("free", "plant"), r.join("free", "plant", "other")) }, "", 0, ""},
		{"11 groups", func(r ruled) error {
			for i := range 10 {
				if r.join("free", fmt.Sprint("group", i)) != nil {
					return errors.New("one of ten was refused")
				}
			}
			_, err := r.AddThingToThingGroup(r.ctx,
				&iot.AddThingToThingGroupInput{ThingName: aws.String("free"), ThingGroupName: aws.String("group10")})
			return err
		}, bad, 400, "10"},
		{"several groups, one of them missing", func(r ruled) error {
			if err := r.join("free", "plant", "no"); codeOf(err) != gone {
				return err
			}
			groups, err := r.ListThingGroupsForThing(r.ctx, &iot.ListThingGroupsForThingInput{ThingName: aws.String("free")})
			return first(err, unless(len(groups.ThingGroups) == 0, "the thing joined one group"))
		}, "", 0, ""},
		{"group below the seventh", func(r ruled) error {
			_, err := r.CreateThingGroup(r.ctx, &iot.CreateThingGroupInput{
				ThingGroupName:  aws.String("deep8"),
				ParentGroupName: aws.String("deep7"),
			})
			return err
		}, bad, 400, "depth of 7"},
		{"group below a missing one", func(r ruled) error {
			_, err := r.CreateThingGroup(r.ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("new"), ParentGroupName: aws.String("no")})
			return err
		}, gone, 404, "no"},
		{"group with another parent", func(r ruled) error {
			_, err := r.CreateThingGroup(r.ctx, &iot.CreateThingGroupInput{
				ThingGroupName:  aws.String("deep3"),
				ParentGroupName: aws.String("other"),
			})
			return err
		}, there, 409, "deep3"},
		{"group with children", func(r ruled) error {
			_, err := r.DeleteThingGroup(r.ctx, &iot.DeleteThingGroupInput{ThingGroupName: aws.String("deep3")})
			return err
		}, bad, 400, "child groups"},
		{"type with another description", func(r ruled) error {
			_, err := r.CreateThingType(r.ctx, &iot.CreateThingTypeInput{
				ThingTypeName:       aws.String("sensor"),
				ThingTypeProperties: &types.ThingTypeProperties{ThingTypeDescription: aws.String("new")},
			})
			return err
		}, there, 409, "sensor"},
		{"type with the same searchable attributes in another order", func(r ruled) error {
			searchable := func(names ...string) error {
				return second(r.CreateThingType(r.ctx, &iot.CreateThingTypeInput{
					ThingTypeName:       aws.String("searchable"),
					ThingTypeProperties: &types.ThingTypeProperties{SearchableAttributes: names},
				}))
			}
			return first(searchable("b", "a", "c"), searchable("a", "b", "c"), searchable("c", "b", "a"))
		}, "", 0, ""},
		{"type that is not deprecated", func(r ruled) error {
			_, err := r.DeleteThingType(r.ctx, &iot.DeleteThingTypeInput{ThingTypeName: aws.String("sensor")})
			return err
		}, bad, 400, "deprecated first"},
		{"type in use", func(r ruled) error {
			_, err := r.DeprecateThingType(r.ctx, &iot.DeprecateThingTypeInput{ThingTypeName: aws.String("sensor")})
			return first(err, second(r.DeleteThingType(r.ctx, &iot.DeleteThingTypeInput{ThingTypeName: aws.String("sensor")})))
		}, bad, 400, "still associated"},
		{"billing group of another description", func(r ruled) error {
			_, err := r.CreateBillingGroup(r.ctx,
				&iot.CreateBillingGroupInput{
					BillingGroupName:       aws.String("acme"),
					BillingGroupProperties: &types.BillingGroupProperties{BillingGroupDescription: aws.String("new")},
				})
			return err
		}, there, 409, "acme"},
		{"delete of an active certificate", func(r ruled) error { return r.deleteCertificate(true) }, "CertificateStateException", 406, ""},
		{"delete of an attached certificate", func(r ruled) error {
			return first(r.status(types.CertificateStatusInactive), r.deleteCertificate(true))
		}, "DeleteConflictException", 409, "Things must be detached"},
		{"delete of a certificate with policies", func(r ruled) error {
			r.id, r.arn = register(t, r.clients, "")
			return first(r.attach("p", r.arn), r.deleteCertificate(false))
		}, "DeleteConflictException", 409, "policies must be detached"},
		{"revoked forever", func(r ruled) error {
			return first(r.status(types.CertificateStatusRevoked), r.status(types.CertificateStatusActive))
		}, "CertificateStateException", 406, ""},
		{
			"status that only AWS sets", func(r ruled) error { return r.status(types.CertificateStatusPendingTransfer) }, bad, 400,
			"PENDING_TRANSFER",
		},
		{"missing certificate", func(r ruled) error { r.id = r.absentID; return r.status(types.CertificateStatusActive) }, gone, 404, r0},
		{"ID that is none", func(r ruled) error { r.id = "abc"; return r.status(types.CertificateStatusActive) }, bad, 400, "certificateId"},
		{"page of 251", func(r ruled) error {
			_, err := r.ListThings(r.ctx, &iot.ListThingsInput{MaxResults: aws.Int32(251)})
			return err
		}, bad, 400, "maxResults"},
		{"token of another kind", func(r ruled) error {
			_, err := r.ListThings(r.ctx, &iot.ListThingsInput{NextToken: aws.String("x")})
			return err
		}, bad, 400, "nextToken"},
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			rule.check(t, rule.call(arrange(t)))
		})
	}
}

const r0 = "0a0a0a0a"

func second[T any](_ T, err error) error { return err }

func unless(ok bool, message string) error {
	if ok {
		return nil
	}
	return errors.New(message)
}

func (rule rule) check(t *testing.T, err error) {
	t.Helper()
	if got := codeOf(err); got != rule.code {
		t.Fatalf("code %q, want %q (%v)", got, rule.code, err)
	}
	if err == nil {
		return
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() != rule.status {
		t.Errorf("status %d, want %d", response.HTTPStatusCode(), rule.status)
	}
	if !strings.Contains(err.Error(), rule.message) {
		t.Errorf("message %q does not say %q", err, rule.message)
	}
	var exists *types.ResourceAlreadyExistsException
	if errors.As(err, &exists) && (exists.ResourceArn == nil || exists.ResourceId == nil) {
		t.Errorf("the conflict names no resource: %+v", exists)
	}
	if response != nil && response.Response.Header.Get("X-Amzn-Errortype") != rule.code {
		t.Errorf("header x-amzn-ErrorType is %q", response.Response.Header.Get("X-Amzn-Errortype"))
	}
	if _, err := http.ParseTime(response.Response.Header.Get("Date")); err != nil || response.RequestID == "" {
		t.Errorf("date: %v, request ID %q", err, response.RequestID)
	}
}

// An update increments the version once, whatever it changes.
func TestUpdatesCountVersionsAndRemoveEmptyAttributes(t *testing.T) {
	t.Parallel()
	r := arrange(t)
	for _, attributes := range []map[string]string{{"a": "1", "b": "2"}, {"a": ""}} {
		_ = must[*iot.UpdateThingOutput](t)(r.UpdateThing(r.ctx,
			&iot.UpdateThingInput{ThingName: aws.String("free"), AttributePayload: &types.AttributePayload{Attributes: attributes, Merge: true}}))
	}
	got := must[*iot.DescribeThingOutput](t)(r.DescribeThing(r.ctx, &iot.DescribeThingInput{ThingName: aws.String("free")}))
	if got.Version != 3 || len(got.Attributes) != 1 || got.Attributes["b"] != "2" {
		t.Errorf("version %d, attributes %v; want 3 and b alone", got.Version, got.Attributes)
	}
}
