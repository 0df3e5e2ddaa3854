package awsiot

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/iot"
)

// ListPolicies implements [iot.Survey].
func (c *Client) ListPolicies(ctx context.Context, token string) ([]string, string, error) {
	out, err := call(ctx, c, iot.ListPolicies, c.iot.ListPolicies, &sdk.ListPoliciesInput{PageSize: pageSize(), Marker: optional(token)})
	return each(out.Policies, func(p types.Policy) string { return aws.ToString(p.PolicyName) }), aws.ToString(out.NextMarker), err
}

// ListThingsInBillingGroup implements [iot.Survey].
func (c *Client) ListThingsInBillingGroup(ctx context.Context, group, token string) ([]string, string, error) {
	out, err := call(ctx, c, iot.ListThingsInBillingGroup, c.iot.ListThingsInBillingGroup,
		&sdk.ListThingsInBillingGroupInput{BillingGroupName: &group, MaxResults: pageSize(), NextToken: optional(token)})
	return out.Things, aws.ToString(out.NextToken), err
}

// GetIndexingConfiguration implements [iot.Connectivity].
func (c *Client) GetIndexingConfiguration(ctx context.Context) (bool, error) {
	out, err := call(ctx, c, iot.GetIndexingConfiguration, c.iot.GetIndexingConfiguration, &sdk.GetIndexingConfigurationInput{})
	things := out.ThingIndexingConfiguration
	return things != nil && things.ThingConnectivityIndexingMode == types.ThingConnectivityIndexingModeStatus, err
}

// SearchIndex implements [iot.Connectivity].
func (c *Client) SearchIndex(ctx context.Context, query, token string) ([]iot.Connection, string, error) {
	out, err := call(ctx, c, iot.SearchIndex, c.iot.SearchIndex,
		&sdk.SearchIndexInput{QueryString: &query, MaxResults: aws.Int32(searchPageSize), NextToken: optional(token)})
	return each(out.Things, func(t types.ThingDocument) iot.Connection {
		connection := iot.Connection{Thing: aws.ToString(t.ThingName)}
		if t.Connectivity != nil {
			connection.Connected = aws.ToBool(t.Connectivity.Connected)
			connection.Reason = aws.ToString(t.Connectivity.DisconnectReason)
			connection.At = timeOf(t.Connectivity.Timestamp)
		}
		return connection
	}), aws.ToString(out.NextToken), err
}

// searchPageSize is the maximum page size of SearchIndex.
const searchPageSize = 100

// GetThingConnectivityData implements [iot.Connectivity].
func (c *Client) GetThingConnectivityData(ctx context.Context, thing string) (iot.Connection, error) {
	out, err := call(ctx, c, iot.GetThingConnectivityData, c.iot.GetThingConnectivityData,
		&sdk.GetThingConnectivityDataInput{ThingName: &thing})
	connection := iot.Connection{Thing: thing, Connected: aws.ToBool(out.Connected), Reason: string(out.DisconnectReason)}
	if out.Timestamp != nil && out.Timestamp.UnixMilli() > 0 {
		connection.At = *out.Timestamp
	}
	return connection, err
}

// timeOf returns the time of milliseconds since 1970, and the zero time for none.
func timeOf(milliseconds *int64) time.Time {
	if aws.ToInt64(milliseconds) <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(*milliseconds)
}

// CreatePolicy implements [iot.Drafts].
func (c *Client) CreatePolicy(ctx context.Context, name, document string) error {
	_, err := call(ctx, c, iot.CreatePolicy, c.iot.CreatePolicy, &sdk.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document})
	return err
}

// DeletePolicy implements [iot.Drafts].
func (c *Client) DeletePolicy(ctx context.Context, name string) error {
	_, err := call(ctx, c, iot.DeletePolicy, c.iot.DeletePolicy, &sdk.DeletePolicyInput{PolicyName: &name})
	return err
}
