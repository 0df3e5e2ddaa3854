package awsiot

import (
	"context"

	"github.com/thingpress/thingpress/internal/iot"

	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
)

// GetPolicy implements [engine.Checks].
func (c *Client) GetPolicy(ctx context.Context, name string) error {
	_, err := call(ctx, c, "GetPolicy", func(ctx context.Context) (*sdk.GetPolicyOutput, error) {
		return c.iot.GetPolicy(ctx, &sdk.GetPolicyInput{PolicyName: &name})
	})
	return err
}

// DescribeThingType implements [engine.Checks].
func (c *Client) DescribeThingType(ctx context.Context, name string) (iot.ThingType, error) {
	out, err := call(ctx, c, "DescribeThingType", func(ctx context.Context) (*sdk.DescribeThingTypeOutput, error) {
		return c.iot.DescribeThingType(ctx, &sdk.DescribeThingTypeInput{ThingTypeName: &name})
	})
	if err != nil {
		return iot.ThingType{}, err
	}
	return iot.ThingType{Deprecated: out.ThingTypeMetadata != nil && out.ThingTypeMetadata.Deprecated}, nil
}

// DescribeThingGroup implements [engine.Checks].
func (c *Client) DescribeThingGroup(ctx context.Context, name string) (iot.ThingGroup, error) {
	out, err := call(ctx, c, "DescribeThingGroup", func(ctx context.Context) (*sdk.DescribeThingGroupOutput, error) {
		return c.iot.DescribeThingGroup(ctx, &sdk.DescribeThingGroupInput{ThingGroupName: &name})
	})
	if err != nil {
		return iot.ThingGroup{}, err
	}
	group := iot.ThingGroup{ARN: deref(out.ThingGroupArn), Query: deref(out.QueryString), Root: name}
	// The way from the root down to the parent; a root has none.
	if m := out.ThingGroupMetadata; m != nil && len(m.RootToParentThingGroups) > 0 {
		group.Root = deref(m.RootToParentThingGroups[0].GroupName)
	}
	return group, nil
}

// DescribeBillingGroup implements [engine.Checks].
func (c *Client) DescribeBillingGroup(ctx context.Context, name string) error {
	_, err := call(ctx, c, "DescribeBillingGroup", func(ctx context.Context) (*sdk.DescribeBillingGroupOutput, error) {
		return c.iot.DescribeBillingGroup(ctx, &sdk.DescribeBillingGroupInput{BillingGroupName: &name})
	})
	return err
}
