package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/iot"
)

// CreateThing implements [iot.Things].
func (c *Client) CreateThing(ctx context.Context, thing iot.Thing) error {
	in := &sdk.CreateThingInput{
		ThingName: &thing.Name, ThingTypeName: optional(thing.Type), BillingGroupName: optional(thing.BillingGroup),
	}
	if len(thing.Attributes) > 0 {
		in.AttributePayload = &types.AttributePayload{Attributes: thing.Attributes}
	}
	_, err := call(ctx, c, iot.CreateThing, c.iot.CreateThing, in)
	return err
}

// DescribeThing implements [iot.Things].
func (c *Client) DescribeThing(ctx context.Context, name string) (iot.Thing, error) {
	out, err := call(ctx, c, iot.DescribeThing, c.iot.DescribeThing, &sdk.DescribeThingInput{ThingName: &name})
	if err != nil {
		return iot.Thing{}, err
	}
	return iot.Thing{
		Name: name, Type: aws.ToString(out.ThingTypeName), BillingGroup: aws.ToString(out.BillingGroupName), Attributes: out.Attributes,
		Version: out.Version,
	}, nil
}

// UpdateThing implements [iot.Things].
func (c *Client) UpdateThing(ctx context.Context, thing iot.Thing) error {
	in := &sdk.UpdateThingInput{ThingName: &thing.Name, ThingTypeName: optional(thing.Type)}
	if len(thing.Attributes) > 0 {
		in.AttributePayload = &types.AttributePayload{Attributes: thing.Attributes, Merge: true}
	}
	_, err := call(ctx, c, iot.UpdateThing, c.iot.UpdateThing, in)
	return err
}

// AddThingToBillingGroup implements [iot.Things].
func (c *Client) AddThingToBillingGroup(ctx context.Context, thing, group string) error {
	_, err := call(ctx, c, iot.AddThingToBillingGroup, c.iot.AddThingToBillingGroup,
		&sdk.AddThingToBillingGroupInput{ThingName: &thing, BillingGroupName: &group})
	return err
}

// ListThings implements [iot.Things].
func (c *Client) ListThings(ctx context.Context, token string) ([]iot.Thing, string, error) {
	out, err := call(ctx, c, iot.ListThings, c.iot.ListThings, &sdk.ListThingsInput{MaxResults: pageSize(), NextToken: optional(token)})
	return each(out.Things, func(t types.ThingAttribute) iot.Thing {
		return iot.Thing{Name: aws.ToString(t.ThingName), Type: aws.ToString(t.ThingTypeName), Attributes: t.Attributes, Version: t.Version}
	}), aws.ToString(out.NextToken), err
}
