package awsiot

import (
	"context"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// AttachThingPrincipal implements [engine.Principals].
func (c *Client) AttachThingPrincipal(ctx context.Context, thing, arn string, exclusive bool) error {
	in := &sdk.AttachThingPrincipalInput{ThingName: &thing, Principal: &arn}
	if exclusive {
		in.ThingPrincipalType = types.ThingPrincipalTypeExclusiveThing
	}
	_, err := call(ctx, c, "AttachThingPrincipal", func(ctx context.Context) (*sdk.AttachThingPrincipalOutput, error) {
		return c.iot.AttachThingPrincipal(ctx, in)
	})
	return err
}

// ListThingPrincipals implements [engine.Principals].
func (c *Client) ListThingPrincipals(ctx context.Context, thing, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, "ListThingPrincipals", func(ctx context.Context) (*sdk.ListThingPrincipalsOutput, error) {
		return c.iot.ListThingPrincipals(ctx, &sdk.ListThingPrincipalsInput{
			ThingName: &thing, MaxResults: aws.Int32(pageSize), NextToken: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	return links(out.Principals), deref(out.NextToken), nil
}

// ListThingPrincipalsV2 implements [engine.Principals].
func (c *Client) ListThingPrincipalsV2(ctx context.Context, thing, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, "ListThingPrincipalsV2", func(ctx context.Context) (*sdk.ListThingPrincipalsV2Output, error) {
		return c.iot.ListThingPrincipalsV2(ctx, &sdk.ListThingPrincipalsV2Input{
			ThingName: &thing, MaxResults: aws.Int32(pageSize), NextToken: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]iot.Link, len(out.ThingPrincipalObjects))
	for i, o := range out.ThingPrincipalObjects {
		page[i] = iot.Link{Name: deref(o.Principal), Type: string(o.ThingPrincipalType)}
	}
	return page, deref(out.NextToken), nil
}

// ListPrincipalThings implements [engine.Principals].
func (c *Client) ListPrincipalThings(ctx context.Context, arn, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, "ListPrincipalThings", func(ctx context.Context) (*sdk.ListPrincipalThingsOutput, error) {
		return c.iot.ListPrincipalThings(ctx, &sdk.ListPrincipalThingsInput{
			Principal: &arn, MaxResults: aws.Int32(pageSize), NextToken: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	return links(out.Things), deref(out.NextToken), nil
}

// ListPrincipalThingsV2 implements [engine.Principals].
func (c *Client) ListPrincipalThingsV2(ctx context.Context, arn, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, "ListPrincipalThingsV2", func(ctx context.Context) (*sdk.ListPrincipalThingsV2Output, error) {
		return c.iot.ListPrincipalThingsV2(ctx, &sdk.ListPrincipalThingsV2Input{
			Principal: &arn, MaxResults: aws.Int32(pageSize), NextToken: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]iot.Link, len(out.PrincipalThingObjects))
	for i, o := range out.PrincipalThingObjects {
		page[i] = iot.Link{Name: deref(o.ThingName), Type: string(o.ThingPrincipalType)}
	}
	return page, deref(out.NextToken), nil
}

func links(names []string) []iot.Link {
	page := make([]iot.Link, len(names))
	for i, name := range names {
		page[i] = iot.Link{Name: name}
	}
	return page
}

// AttachPolicy implements [engine.Policies].
func (c *Client) AttachPolicy(ctx context.Context, policy, target string) error {
	_, err := call(ctx, c, "AttachPolicy", func(ctx context.Context) (*sdk.AttachPolicyOutput, error) {
		return c.iot.AttachPolicy(ctx, &sdk.AttachPolicyInput{PolicyName: &policy, Target: &target})
	})
	return err
}

// ListAttachedPolicies implements [engine.Policies].
func (c *Client) ListAttachedPolicies(ctx context.Context, target, token string) ([]string, string, error) {
	out, err := call(ctx, c, "ListAttachedPolicies", func(ctx context.Context) (*sdk.ListAttachedPoliciesOutput, error) {
		return c.iot.ListAttachedPolicies(ctx, &sdk.ListAttachedPoliciesInput{
			Target: &target, PageSize: aws.Int32(pageSize), Marker: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]string, len(out.Policies))
	for i, p := range out.Policies {
		page[i] = deref(p.PolicyName)
	}
	return page, deref(out.NextMarker), nil
}

// ListTargetsForPolicy implements [engine.Policies].
func (c *Client) ListTargetsForPolicy(ctx context.Context, policy, token string) ([]string, string, error) {
	out, err := call(ctx, c, "ListTargetsForPolicy", func(ctx context.Context) (*sdk.ListTargetsForPolicyOutput, error) {
		return c.iot.ListTargetsForPolicy(ctx, &sdk.ListTargetsForPolicyInput{
			PolicyName: &policy, PageSize: aws.Int32(pageSize), Marker: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	return out.Targets, deref(out.NextMarker), nil
}

// AddThingToThingGroup implements [engine.Groups].
func (c *Client) AddThingToThingGroup(ctx context.Context, group, thing string) error {
	_, err := call(ctx, c, "AddThingToThingGroup", func(ctx context.Context) (*sdk.AddThingToThingGroupOutput, error) {
		return c.iot.AddThingToThingGroup(ctx, &sdk.AddThingToThingGroupInput{ThingGroupName: &group, ThingName: &thing})
	})
	return err
}

// UpdateThingGroupsForThing implements [engine.Groups].
func (c *Client) UpdateThingGroupsForThing(ctx context.Context, thing string, groups []string) error {
	_, err := call(ctx, c, "UpdateThingGroupsForThing", func(ctx context.Context) (*sdk.UpdateThingGroupsForThingOutput, error) {
		return c.iot.UpdateThingGroupsForThing(ctx, &sdk.UpdateThingGroupsForThingInput{ThingName: &thing, ThingGroupsToAdd: groups})
	})
	return err
}

// ListThingGroupsForThing implements [engine.Groups].
func (c *Client) ListThingGroupsForThing(ctx context.Context, thing, token string) ([]string, string, error) {
	out, err := call(ctx, c, "ListThingGroupsForThing", func(ctx context.Context) (*sdk.ListThingGroupsForThingOutput, error) {
		return c.iot.ListThingGroupsForThing(ctx, &sdk.ListThingGroupsForThingInput{
			ThingName: &thing, MaxResults: aws.Int32(pageSize), NextToken: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]string, len(out.ThingGroups))
	for i, g := range out.ThingGroups {
		page[i] = deref(g.GroupName)
	}
	return page, deref(out.NextToken), nil
}

// ListThingsInThingGroup implements [engine.Groups].
func (c *Client) ListThingsInThingGroup(ctx context.Context, group, token string) ([]string, string, error) {
	out, err := call(ctx, c, "ListThingsInThingGroup", func(ctx context.Context) (*sdk.ListThingsInThingGroupOutput, error) {
		return c.iot.ListThingsInThingGroup(ctx, &sdk.ListThingsInThingGroupInput{
			ThingGroupName: &group, MaxResults: aws.Int32(pageSize), NextToken: optional(token),
		})
	})
	if err != nil {
		return nil, "", err
	}
	return out.Things, deref(out.NextToken), nil
}
