package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/importer"
)

// GetPolicy implements [importer.Checks].
func (c *Client) GetPolicy(ctx context.Context, name string) error {
	_, err := call(ctx, c, "GetPolicy", func(ctx context.Context) (*iot.GetPolicyOutput, error) {
		return c.iot.GetPolicy(ctx, &iot.GetPolicyInput{PolicyName: &name})
	})
	return err
}

// DescribeThingType implements [importer.Checks].
func (c *Client) DescribeThingType(ctx context.Context, name string) (importer.ThingType, error) {
	out, err := call(ctx, c, "DescribeThingType", func(ctx context.Context) (*iot.DescribeThingTypeOutput, error) {
		return c.iot.DescribeThingType(ctx, &iot.DescribeThingTypeInput{ThingTypeName: &name})
	})
	if err != nil {
		return importer.ThingType{}, err
	}
	return importer.ThingType{Deprecated: out.ThingTypeMetadata != nil && out.ThingTypeMetadata.Deprecated}, nil
}

// DescribeThingGroup implements [importer.Checks].
func (c *Client) DescribeThingGroup(ctx context.Context, name string) (importer.ThingGroup, error) {
	out, err := call(ctx, c, "DescribeThingGroup", func(ctx context.Context) (*iot.DescribeThingGroupOutput, error) {
		return c.iot.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: &name})
	})
	if err != nil {
		return importer.ThingGroup{}, err
	}
	group := importer.ThingGroup{ARN: deref(out.ThingGroupArn), Query: deref(out.QueryString), Root: name}
	// The way from the root down to the parent; a root has none.
	if m := out.ThingGroupMetadata; m != nil && len(m.RootToParentThingGroups) > 0 {
		group.Root = deref(m.RootToParentThingGroups[0].GroupName)
	}
	return group, nil
}

// DescribeBillingGroup implements [importer.Checks].
func (c *Client) DescribeBillingGroup(ctx context.Context, name string) error {
	_, err := call(ctx, c, "DescribeBillingGroup", func(ctx context.Context) (*iot.DescribeBillingGroupOutput, error) {
		return c.iot.DescribeBillingGroup(ctx, &iot.DescribeBillingGroupInput{BillingGroupName: &name})
	})
	return err
}
