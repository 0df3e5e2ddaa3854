package awsiot

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/iot"
)

// AttachThingPrincipal implements [iot.Principals].
func (c *Client) AttachThingPrincipal(ctx context.Context, thing, arn string, exclusive bool) error {
	in := &sdk.AttachThingPrincipalInput{ThingName: &thing, Principal: &arn}
	if exclusive {
		in.ThingPrincipalType = types.ThingPrincipalTypeExclusiveThing
	}
	_, err := call(ctx, c, iot.AttachThingPrincipal, c.iot.AttachThingPrincipal, in)
	return err
}

// ListThingPrincipals implements [iot.Principals].
func (c *Client) ListThingPrincipals(ctx context.Context, thing, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, iot.ListThingPrincipals, c.iot.ListThingPrincipals,
		&sdk.ListThingPrincipalsInput{ThingName: &thing, MaxResults: pageSize(), NextToken: optional(token)})
	return each(out.Principals, untypedLink), aws.ToString(out.NextToken), err
}

// ListThingPrincipalsV2 implements [iot.Principals].
func (c *Client) ListThingPrincipalsV2(ctx context.Context, thing, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, iot.ListThingPrincipalsV2, c.iot.ListThingPrincipalsV2,
		&sdk.ListThingPrincipalsV2Input{ThingName: &thing, MaxResults: pageSize(), NextToken: optional(token)})
	return each(out.ThingPrincipalObjects, func(o types.ThingPrincipalObject) iot.Link {
		return iot.Link{Name: aws.ToString(o.Principal), Type: string(o.ThingPrincipalType)}
	}), aws.ToString(out.NextToken), err
}

// ListPrincipalThings implements [iot.Principals].
func (c *Client) ListPrincipalThings(ctx context.Context, arn, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, iot.ListPrincipalThings, c.iot.ListPrincipalThings,
		&sdk.ListPrincipalThingsInput{Principal: &arn, MaxResults: pageSize(), NextToken: optional(token)})
	return each(out.Things, untypedLink), aws.ToString(out.NextToken), err
}

// ListPrincipalThingsV2 implements [iot.Principals].
func (c *Client) ListPrincipalThingsV2(ctx context.Context, arn, token string) ([]iot.Link, string, error) {
	out, err := call(ctx, c, iot.ListPrincipalThingsV2, c.iot.ListPrincipalThingsV2,
		&sdk.ListPrincipalThingsV2Input{Principal: &arn, MaxResults: pageSize(), NextToken: optional(token)})
	return each(out.PrincipalThingObjects, func(o types.PrincipalThingObject) iot.Link {
		return iot.Link{Name: aws.ToString(o.ThingName), Type: string(o.ThingPrincipalType)}
	}), aws.ToString(out.NextToken), err
}

func untypedLink(name string) iot.Link { return iot.Link{Name: name} }

// AttachPolicy implements [iot.Policies].
func (c *Client) AttachPolicy(ctx context.Context, policy, target string) error {
	_, err := call(ctx, c, iot.AttachPolicy, c.iot.AttachPolicy, &sdk.AttachPolicyInput{PolicyName: &policy, Target: &target})
	return err
}

// ListAttachedPolicies implements [iot.Policies].
func (c *Client) ListAttachedPolicies(ctx context.Context, target, token string) ([]string, string, error) {
	out, err := call(ctx, c, iot.ListAttachedPolicies, c.iot.ListAttachedPolicies,
		&sdk.ListAttachedPoliciesInput{
			Target: &target, PageSize: pageSize(), Marker: optional(token), Recursive: strings.Contains(target, ":thinggroup/"),
		})
	return each(out.Policies, func(p types.Policy) string { return aws.ToString(p.PolicyName) }), aws.ToString(out.NextMarker), err
}

// ListTargetsForPolicy implements [iot.Policies].
func (c *Client) ListTargetsForPolicy(ctx context.Context, policy, token string) ([]string, string, error) {
	out, err := call(ctx, c, iot.ListTargetsForPolicy, c.iot.ListTargetsForPolicy,
		&sdk.ListTargetsForPolicyInput{PolicyName: &policy, PageSize: pageSize(), Marker: optional(token)})
	return out.Targets, aws.ToString(out.NextMarker), err
}

// AddThingToThingGroup implements [iot.Groups].
func (c *Client) AddThingToThingGroup(ctx context.Context, group, thing string) error {
	_, err := call(ctx, c, iot.AddThingToThingGroup, c.iot.AddThingToThingGroup,
		&sdk.AddThingToThingGroupInput{ThingGroupName: &group, ThingName: &thing})
	return err
}

// UpdateThingGroupsForThing implements [iot.Groups].
func (c *Client) UpdateThingGroupsForThing(ctx context.Context, thing string, groups []string) error {
	_, err := call(ctx, c, iot.UpdateThingGroupsForThing, c.iot.UpdateThingGroupsForThing,
		&sdk.UpdateThingGroupsForThingInput{ThingName: &thing, ThingGroupsToAdd: groups})
	return err
}

// ListThingGroupsForThing implements [iot.Groups].
func (c *Client) ListThingGroupsForThing(ctx context.Context, thing, token string) ([]string, string, error) {
	out, err := call(ctx, c, iot.ListThingGroupsForThing, c.iot.ListThingGroupsForThing,
		&sdk.ListThingGroupsForThingInput{ThingName: &thing, MaxResults: pageSize(), NextToken: optional(token)})
	return each(out.ThingGroups, func(g types.GroupNameAndArn) string { return aws.ToString(g.GroupName) }), aws.ToString(out.NextToken), err
}

// ListThingsInThingGroup implements [iot.Groups].
func (c *Client) ListThingsInThingGroup(ctx context.Context, group, token string) ([]string, string, error) {
	return c.listThingsInThingGroup(ctx, group, token, false)
}

// ListThingsInThingGroupTree implements [iot.Inventory].
func (c *Client) ListThingsInThingGroupTree(ctx context.Context, group, token string) ([]string, string, error) {
	return c.listThingsInThingGroup(ctx, group, token, true)
}

func (c *Client) listThingsInThingGroup(ctx context.Context, group, token string, recursive bool) ([]string, string, error) {
	out, err := call(ctx, c, iot.ListThingsInThingGroup, c.iot.ListThingsInThingGroup,
		&sdk.ListThingsInThingGroupInput{ThingGroupName: &group, MaxResults: pageSize(), NextToken: optional(token), Recursive: recursive})
	return out.Things, aws.ToString(out.NextToken), err
}
