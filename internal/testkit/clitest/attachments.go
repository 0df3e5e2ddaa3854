package clitest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// Attach creates the policy sensors and the thing type sensor in an AWS IoT that serves all
// services at one URL, as moto does. A stack is deployed only if its attachments exist.
func Attach(t testing.TB, url string) {
	t.Helper()
	client := iot.New(iot.Options{
		BaseEndpoint: &url, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	_, err := client.CreatePolicy(t.Context(), &iot.CreatePolicyInput{
		PolicyName:     aws.String("sensors"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`),
	})
	if err == nil {
		_, err = client.CreateThingType(t.Context(), &iot.CreateThingTypeInput{ThingTypeName: aws.String("sensor")})
	}
	if err != nil {
		t.Fatal(err)
	}
}
