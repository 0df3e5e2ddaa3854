package awsiot_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/iot"
)

// instant answers immediately, so that only the work of the client is measured.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {"Mon, 23 Nov 2026 14:00:00 GMT"}},
		Body:   io.NopCloser(strings.NewReader(`{"thingName":"a","thingArn":"b","thingId":"c"}`)),
	}, nil
}

// BenchmarkCall measures the cost of one call, compared with an unmodified client of the SDK.
func BenchmarkCall(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		client := sdk.New(sdk.Options{
			Region: "us-east-1", BaseEndpoint: aws.String("http://localhost"), HTTPClient: &http.Client{Transport: instant{}},
			Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.CreateThing(b.Context(),
				&sdk.CreateThingInput{ThingName: aws.String("a"), ThingTypeName: aws.String("t")}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		client, err := awsiot.Open(b.Context(),
			awsiot.Options{Sandbox: true, Region: "us-east-1", Endpoint: "http://localhost", Transport: instant{}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := client.CreateThing(b.Context(), iot.Thing{Name: "a", Type: "t"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
