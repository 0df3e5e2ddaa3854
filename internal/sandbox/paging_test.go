package sandbox

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// pages follows a list to its end and returns the items of each page.
func pages(t *testing.T, next func(token *string) (items []string, more *string, err error)) (sizes []int, all []string) {
	t.Helper()
	var token *string
	for {
		items, more, err := next(token)
		if err != nil {
			t.Fatal(err)
		}
		sizes, all = append(sizes, len(items)), append(all, items...)
		if more == nil {
			return sizes, all
		}
		token = more
	}
}

func names[T any](items []T, name func(T) *string) []string {
	var all []string
	for _, item := range items {
		all = append(all, aws.ToString(name(item)))
	}
	return all
}

func TestPagesHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	c, ctx := direct(s), t.Context()
	const n = 7
	var certificates, things, policies, kinds, groups []string
	if _, err := s.Ensure(nil, "", []string{"home"}, "acme"); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		_, arn := register(t, c, types.CertificateStatusActive)
		thing, policy, kind, group := fmt.Sprint("t", i), fmt.Sprint("p", i), fmt.Sprint("k", i), fmt.Sprint("g", i)
		certificates, things = append(certificates, arn), append(things, thing)
		policies, kinds, groups = append(policies, policy), append(kinds, kind), append(groups, group)
		if _, err := s.Ensure([]string{policy, "all"}, kind, []string{group}, ""); err != nil {
			t.Fatal(err)
		}
		_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing, BillingGroupName: aws.String("acme")}))
		_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
			&iot.AttachThingPrincipalInput{ThingName: &things[0], Principal: &arn}))
		_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
			&iot.AttachThingPrincipalInput{ThingName: &thing, Principal: &certificates[0]}))
		_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: aws.String("all"), Target: &arn}))
		if i > 0 {
			_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &policy, Target: &certificates[0]}))
		}
		_ = must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
			&iot.AddThingToThingGroupInput{ThingName: &thing, ThingGroupName: aws.String("home")}))
		_ = must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
			&iot.AddThingToThingGroupInput{ThingName: &things[0], ThingGroupName: &group}))
	}
	three, size := aws.Int32(3), []int{3, 3, 1}
	reversed := slices.Clone(certificates)
	slices.Reverse(reversed)
	lists := []struct {
		name  string
		list  func(*string) ([]string, *string, error)
		sizes []int
		want  []string
	}{
		{"ListCertificates", func(m *string) ([]string, *string, error) {
			out, err := c.ListCertificates(ctx, &iot.ListCertificatesInput{PageSize: three, Marker: m, AscendingOrder: true})
			return names(out.Certificates, func(c types.Certificate) *string { return c.CertificateArn }), out.NextMarker, err
		}, size, certificates},
		{"ListCertificates, newest first", func(m *string) ([]string, *string, error) {
			out, err := c.ListCertificates(ctx, &iot.ListCertificatesInput{PageSize: three, Marker: m})
			return names(out.Certificates, func(c types.Certificate) *string { return c.CertificateArn }), out.NextMarker, err
		}, size, reversed},
		{"ListThings", func(m *string) ([]string, *string, error) {
			out, err := c.ListThings(ctx, &iot.ListThingsInput{MaxResults: three, NextToken: m})
			return names(out.Things, func(t types.ThingAttribute) *string { return t.ThingName }), out.NextToken, err
		}, size, things},
		{"ListThingPrincipals", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: &things[0], MaxResults: three, NextToken: m})
			return out.Principals, out.NextToken, err
		}, size, certificates},
		{"ListThingPrincipalsV2", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingPrincipalsV2(ctx, &iot.ListThingPrincipalsV2Input{ThingName: &things[0], MaxResults: three, NextToken: m})
			return names(out.ThingPrincipalObjects, func(o types.ThingPrincipalObject) *string { return o.Principal }), out.NextToken, err
		}, size, certificates},
		{"ListPrincipalThings", func(m *string) ([]string, *string, error) {
			out, err := c.ListPrincipalThings(ctx, &iot.ListPrincipalThingsInput{Principal: &certificates[0], MaxResults: three, NextToken: m})
			return out.Things, out.NextToken, err
		}, size, things},
		{"ListPrincipalThingsV2", func(m *string) ([]string, *string, error) {
			out, err := c.ListPrincipalThingsV2(ctx, &iot.ListPrincipalThingsV2Input{Principal: &certificates[0], MaxResults: three, NextToken: m})
			return names(out.PrincipalThingObjects, func(o types.PrincipalThingObject) *string { return o.ThingName }), out.NextToken, err
		}, size, things},
		{"ListPolicies", func(m *string) ([]string, *string, error) {
			out, err := c.ListPolicies(ctx, &iot.ListPoliciesInput{PageSize: three, Marker: m, AscendingOrder: true})
			return names(out.Policies, func(p types.Policy) *string { return p.PolicyName }), out.NextMarker, err
		}, []int{3, 3, 2}, slices.Insert(slices.Clone(policies), 1, "all")},
		{"ListAttachedPolicies", func(m *string) ([]string, *string, error) {
			out, err := c.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{Target: &certificates[0], PageSize: three, Marker: m})
			return names(out.Policies, func(p types.Policy) *string { return p.PolicyName }), out.NextMarker, err
		}, size, append([]string{"all"}, policies[1:]...)},
		{"ListTargetsForPolicy", func(m *string) ([]string, *string, error) {
			out, err := c.ListTargetsForPolicy(ctx, &iot.ListTargetsForPolicyInput{PolicyName: aws.String("all"), PageSize: three, Marker: m})
			return out.Targets, out.NextMarker, err
		}, size, certificates},
		{"ListThingTypes", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingTypes(ctx, &iot.ListThingTypesInput{MaxResults: three, NextToken: m})
			return names(out.ThingTypes, func(k types.ThingTypeDefinition) *string { return k.ThingTypeName }), out.NextToken, err
		}, size, kinds},
		{"ListThingGroups", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingGroups(ctx, &iot.ListThingGroupsInput{NamePrefixFilter: aws.String("g"), MaxResults: three, NextToken: m})
			return names(out.ThingGroups, func(g types.GroupNameAndArn) *string { return g.GroupName }), out.NextToken, err
		}, size, groups},
		{"ListThingGroupsForThing", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingGroupsForThing(ctx, &iot.ListThingGroupsForThingInput{ThingName: &things[0], MaxResults: three, NextToken: m})
			return names(out.ThingGroups, func(g types.GroupNameAndArn) *string { return g.GroupName }), out.NextToken, err
		}, []int{3, 3, 2}, append([]string{"home"}, groups...)},
		{"ListThingsInThingGroup", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingsInThingGroup(ctx,
				&iot.ListThingsInThingGroupInput{ThingGroupName: aws.String("home"), MaxResults: three, NextToken: m})
			return out.Things, out.NextToken, err
		}, size, things},
		{"ListThingsInBillingGroup", func(m *string) ([]string, *string, error) {
			out, err := c.ListThingsInBillingGroup(ctx,
				&iot.ListThingsInBillingGroupInput{BillingGroupName: aws.String("acme"), MaxResults: three, NextToken: m})
			return out.Things, out.NextToken, err
		}, size, things},
	}
	for _, list := range lists {
		t.Run(list.name, func(t *testing.T) {
			sizes, all := pages(t, list.list)
			if diff := cmp.Diff(list.want, all); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if !slices.Equal(sizes, list.sizes) {
				t.Errorf("pages of %v, want %v", sizes, list.sizes)
			}
		})
	}
}

// Recursive lists merge several series into one order. A page must not lose items of another
// series.
func TestPagesOfAHierarchyHoldEverythingOnce(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	c, ctx := direct(s), t.Context()
	if _, err := s.Ensure([]string{"p0", "p1", "p2", "p3"}, "", []string{"root"}, ""); err != nil {
		t.Fatal(err)
	}
	_, arn := register(t, c, "")
	for i, parent := range []string{"root", "a", "b"} {
		group := string(rune('a' + i))
		_ = must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx,
			&iot.CreateThingGroupInput{ThingGroupName: &group, ParentGroupName: aws.String(parent)}))
	}
	var things []string
	for i := range 9 {
		thing, group := fmt.Sprint("t", i), string(rune('a'+i*2%3))
		things = append(things, thing)
		_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing}))
		_ = must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
			&iot.AddThingToThingGroupInput{ThingName: &thing, ThingGroupName: &group}))
	}
	_, got := pages(t, func(m *string) ([]string, *string, error) {
		out, err := c.ListThingsInThingGroup(ctx,
			&iot.ListThingsInThingGroupInput{ThingGroupName: aws.String("root"), Recursive: true, MaxResults: aws.Int32(2), NextToken: m})
		return out.Things, out.NextToken, err
	})
	if diff := cmp.Diff(things, got); diff != "" {
		t.Errorf("things below root (-want +got):\n%s", diff)
	}
	_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: aws.String("t1"), Principal: &arn}))
	prefix := "arn:aws:iot:us-east-1:123456789012:thinggroup/"
	for _, one := range [][2]string{{"p3", arn}, {"p0", prefix + "root"}, {"p3", prefix + "c"}, {"p1", prefix + "b"}} {
		_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &one[0], Target: &one[1]}))
	}
	_, inherited := pages(t, func(m *string) ([]string, *string, error) {
		out, err := c.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{Target: &arn, Recursive: true, PageSize: aws.Int32(1), Marker: m})
		return names(out.Policies, func(p types.Policy) *string { return p.PolicyName }), out.NextMarker, err
	})
	if diff := cmp.Diff([]string{"p3", "p0", "p1"}, inherited); diff != "" {
		t.Errorf("policies that the certificate inherits (-want +got):\n%s", diff)
	}
}
