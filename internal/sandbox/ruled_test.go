package sandbox

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// ruled is a sandbox with the resources that break a rule.
type ruled struct {
	clients
	ctx      context.Context
	id, arn  string // an active certificate, attached to thing "taken"
	absentID string
}

func arrange(t *testing.T) ruled {
	t.Helper()
	s := open(t, Options{})
	r := ruled{clients: direct(s), ctx: t.Context(), absentID: strings.Repeat("0a", 32)}
	if _, err := s.Ensure([]string{"p", "q", "r"}, "sensor", []string{"plant", "other"}, "acme"); err != nil {
		t.Fatal(err)
	}
	for i := range 11 {
		if _, err := s.Ensure([]string{fmt.Sprint("policy", i)}, "", []string{fmt.Sprint("group", i)}, ""); err != nil {
			t.Fatal(err)
		}
	}
	r.id, r.arn = register(t, r.clients, types.CertificateStatusActive)
	parent := "plant"
	for depth := 2; depth <= 7; depth++ {
		name := fmt.Sprint("deep", depth)
		_ = must[*iot.CreateThingGroupOutput](t)(r.CreateThingGroup(r.ctx,
			&iot.CreateThingGroupInput{ThingGroupName: &name, ParentGroupName: aws.String(parent)}))
		parent = name
	}
	_ = must[*iot.CreateDynamicThingGroupOutput](t)(r.CreateDynamicThingGroup(r.ctx,
		&iot.CreateDynamicThingGroupInput{ThingGroupName: aws.String("hot"), QueryString: aws.String("attributes.t>50")}))
	_ = must[*iot.CreateThingTypeOutput](t)(r.CreateThingType(r.ctx, &iot.CreateThingTypeInput{ThingTypeName: aws.String("old")}))
	_ = must[*iot.DeprecateThingTypeOutput](t)(r.DeprecateThingType(r.ctx, &iot.DeprecateThingTypeInput{ThingTypeName: aws.String("old")}))
	for _, in := range []*iot.CreateThingInput{
		{
			ThingName: aws.String("taken"), ThingTypeName: aws.String("sensor"), BillingGroupName: aws.String("acme"),
			AttributePayload: attributes(1),
		},
		{ThingName: aws.String("free")},
	} {
		_ = must[*iot.CreateThingOutput](t)(r.CreateThing(r.ctx, in))
	}
	_ = must[*iot.AttachThingPrincipalOutput](t)(r.AttachThingPrincipal(r.ctx,
		&iot.AttachThingPrincipalInput{ThingName: aws.String("taken"), Principal: &r.arn}))
	return r
}

// attributes returns n attributes.
func attributes(n int) *types.AttributePayload {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprintf("a%02d", i)] = "x"
	}
	return &types.AttributePayload{Attributes: m}
}

func (r ruled) group(name string) string {
	return "arn:aws:iot:us-east-1:123456789012:thinggroup/" + name
}

func (r ruled) create(thing string, change func(*iot.CreateThingInput)) error {
	in := &iot.CreateThingInput{ThingName: &thing}
	if change != nil {
		change(in)
	}
	_, err := r.CreateThing(r.ctx, in)
	return err
}

func (r ruled) attach(policy, target string) error {
	_, err := r.AttachPolicy(r.ctx, &iot.AttachPolicyInput{PolicyName: &policy, Target: &target})
	return err
}

func (r ruled) principal(thing string, kind types.ThingPrincipalType) error {
	_, err := r.AttachThingPrincipal(r.ctx, &iot.AttachThingPrincipalInput{ThingName: &thing, Principal: &r.arn, ThingPrincipalType: kind})
	return err
}

func (r ruled) join(thing string, groups ...string) error {
	_, err := r.UpdateThingGroupsForThing(r.ctx, &iot.UpdateThingGroupsForThingInput{ThingName: &thing, ThingGroupsToAdd: groups})
	return err
}

func (r ruled) status(to types.CertificateStatus) error {
	_, err := r.UpdateCertificate(r.ctx, &iot.UpdateCertificateInput{CertificateId: &r.id, NewStatus: to})
	return err
}

func (r ruled) deleteCertificate(force bool) error {
	_, err := r.DeleteCertificate(r.ctx, &iot.DeleteCertificateInput{CertificateId: &r.id, ForceDelete: force})
	return err
}
