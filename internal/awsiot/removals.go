package awsiot

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/iot"
)

// DetachPolicy implements [iot.Removals].
func (c *Client) DetachPolicy(ctx context.Context, policy, target string) error {
	_, err := call(ctx, c, iot.DetachPolicy, c.iot.DetachPolicy, &sdk.DetachPolicyInput{PolicyName: &policy, Target: &target})
	return err
}

// DetachThingPrincipal implements [iot.Removals].
func (c *Client) DetachThingPrincipal(ctx context.Context, thing, arn string) error {
	_, err := call(ctx, c, iot.DetachThingPrincipal, c.iot.DetachThingPrincipal,
		&sdk.DetachThingPrincipalInput{ThingName: &thing, Principal: &arn})
	return err
}

// RemoveThingFromThingGroup implements [iot.Removals].
func (c *Client) RemoveThingFromThingGroup(ctx context.Context, group, thing string) error {
	_, err := call(ctx, c, iot.RemoveThingFromThingGroup, c.iot.RemoveThingFromThingGroup,
		&sdk.RemoveThingFromThingGroupInput{ThingGroupName: &group, ThingName: &thing})
	return err
}

// DeleteCertificate implements [iot.Removals].
func (c *Client) DeleteCertificate(ctx context.Context, id string) error {
	_, err := call(ctx, c, iot.DeleteCertificate, c.iot.DeleteCertificate, &sdk.DeleteCertificateInput{CertificateId: &id})
	return err
}

// DeleteThing implements [iot.Removals].
func (c *Client) DeleteThing(ctx context.Context, name string, version int64) error {
	_, err := call(ctx, c, iot.DeleteThing, c.iot.DeleteThing, &sdk.DeleteThingInput{ThingName: &name, ExpectedVersion: &version})
	return err
}
