package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"

	"github.com/thingpress/thingpress/internal/iot"
)

// Sessions returns what ends the sessions of devices. It asks AWS for the account's endpoint of the data
// plane, unless the client has an endpoint of its own: AWS intends the general one only for tests. Its
// error is an *[iot.APIError].
func (c *Client) Sessions(ctx context.Context) (iot.Sessions, error) {
	data := c.data(nil)
	if data.Options().BaseEndpoint == nil {
		host, err := c.DescribeEndpoint(ctx)
		if err != nil {
			return nil, err
		}
		data = c.data(aws.String("https://" + host))
	}
	return &sessions{c, data}, nil
}

// sessions is an [iot.Sessions].
type sessions struct {
	client *Client
	data   *iotdataplane.Client
}

// DeleteConnection implements [iot.Sessions].
func (s *sessions) DeleteConnection(ctx context.Context, clientID string) error {
	_, err := call(ctx, s.client, iot.DeleteConnection, s.data.DeleteConnection, &iotdataplane.DeleteConnectionInput{ClientId: &clientID})
	return err
}
