package awsiot

import (
	"context"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// pageSize is the most lines that AWS IoT returns in one page.
const pageSize = 250

// CreateThing implements [engine.Things].
func (c *Client) CreateThing(ctx context.Context, thing iot.Thing) error {
	in := &sdk.CreateThingInput{
		ThingName: &thing.Name, ThingTypeName: optional(thing.Type), BillingGroupName: optional(thing.BillingGroup),
	}
	if len(thing.Attributes) > 0 {
		in.AttributePayload = &types.AttributePayload{Attributes: thing.Attributes}
	}
	_, err := call(ctx, c, "CreateThing", func(ctx context.Context) (*sdk.CreateThingOutput, error) {
		return c.iot.CreateThing(ctx, in)
	})
	return err
}

// DescribeThing implements [engine.Things].
func (c *Client) DescribeThing(ctx context.Context, name string) (iot.Thing, error) {
	out, err := call(ctx, c, "DescribeThing", func(ctx context.Context) (*sdk.DescribeThingOutput, error) {
		return c.iot.DescribeThing(ctx, &sdk.DescribeThingInput{ThingName: &name})
	})
	if err != nil {
		return iot.Thing{}, err
	}
	return iot.Thing{
		Name: name, Type: deref(out.ThingTypeName), BillingGroup: deref(out.BillingGroupName), Attributes: out.Attributes,
	}, nil
}

// UpdateThing implements [engine.Things].
func (c *Client) UpdateThing(ctx context.Context, thing iot.Thing) error {
	in := &sdk.UpdateThingInput{ThingName: &thing.Name, ThingTypeName: optional(thing.Type)}
	if len(thing.Attributes) > 0 {
		in.AttributePayload = &types.AttributePayload{Attributes: thing.Attributes, Merge: true}
	}
	_, err := call(ctx, c, "UpdateThing", func(ctx context.Context) (*sdk.UpdateThingOutput, error) {
		return c.iot.UpdateThing(ctx, in)
	})
	return err
}

// AddThingToBillingGroup implements [engine.Things].
func (c *Client) AddThingToBillingGroup(ctx context.Context, thing, group string) error {
	_, err := call(ctx, c, "AddThingToBillingGroup", func(ctx context.Context) (*sdk.AddThingToBillingGroupOutput, error) {
		return c.iot.AddThingToBillingGroup(ctx, &sdk.AddThingToBillingGroupInput{ThingName: &thing, BillingGroupName: &group})
	})
	return err
}

// ListThings implements [engine.Things].
func (c *Client) ListThings(ctx context.Context, token string) ([]iot.Thing, string, error) {
	out, err := call(ctx, c, "ListThings", func(ctx context.Context) (*sdk.ListThingsOutput, error) {
		return c.iot.ListThings(ctx, &sdk.ListThingsInput{MaxResults: aws.Int32(pageSize), NextToken: optional(token)})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]iot.Thing, len(out.Things))
	for i, t := range out.Things {
		page[i] = iot.Thing{Name: deref(t.ThingName), Type: deref(t.ThingTypeName), Attributes: t.Attributes}
	}
	return page, deref(out.NextToken), nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
