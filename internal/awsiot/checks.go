package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/iot"
)

// GetPolicy implements [iot.Checks].
func (c *Client) GetPolicy(ctx context.Context, name string) (iot.Policy, error) {
	out, err := call(ctx, c, iot.GetPolicy, c.iot.GetPolicy, &sdk.GetPolicyInput{PolicyName: &name})
	return iot.Policy{Name: name, Document: aws.ToString(out.PolicyDocument), Version: aws.ToString(out.DefaultVersionId)}, err
}

// DescribeThingType implements [iot.Checks].
func (c *Client) DescribeThingType(ctx context.Context, name string) (iot.ThingType, error) {
	out, err := call(ctx, c, iot.DescribeThingType, c.iot.DescribeThingType, &sdk.DescribeThingTypeInput{ThingTypeName: &name})
	return iot.ThingType{Deprecated: out.ThingTypeMetadata != nil && out.ThingTypeMetadata.Deprecated}, err
}

// DescribeThingGroup implements [iot.Checks].
func (c *Client) DescribeThingGroup(ctx context.Context, name string) (iot.ThingGroup, error) {
	out, err := call(ctx, c, iot.DescribeThingGroup, c.iot.DescribeThingGroup, &sdk.DescribeThingGroupInput{ThingGroupName: &name})
	if err != nil {
		return iot.ThingGroup{}, err
	}
	group := iot.ThingGroup{ARN: aws.ToString(out.ThingGroupArn), Query: aws.ToString(out.QueryString), Root: name}
	// The groups from the root down to the parent; a root has none.
	if m := out.ThingGroupMetadata; m != nil && len(m.RootToParentThingGroups) > 0 {
		group.Root = aws.ToString(m.RootToParentThingGroups[0].GroupName)
	}
	return group, nil
}

// DescribeBillingGroup implements [iot.Checks].
func (c *Client) DescribeBillingGroup(ctx context.Context, name string) error {
	_, err := call(ctx, c, iot.DescribeBillingGroup, c.iot.DescribeBillingGroup, &sdk.DescribeBillingGroupInput{BillingGroupName: &name})
	return err
}
