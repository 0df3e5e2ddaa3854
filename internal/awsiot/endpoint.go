package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/iot"
)

// DescribeEndpoint returns the host to which devices of the account connect, whose certificate Amazon Trust
// Services signed. A sandbox adds the port if it is not 8883.
func (c *Client) DescribeEndpoint(ctx context.Context) (string, error) {
	out, err := call(ctx, c, iot.DescribeEndpoint, c.iot.DescribeEndpoint,
		&sdk.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")})
	return aws.ToString(out.EndpointAddress), err
}
