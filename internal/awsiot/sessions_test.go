package awsiot_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/thingpress/thingpress/internal/awsiot"
)

// AWS intends the general endpoint of the data plane for tests, and with --endpoint-url nothing may go to AWS.
func TestSessionsAreEndedAtTheEndpointOfTheAccount(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string][]string{
		"": {
			"GET iot.eu-west-1.amazonaws.com/endpoint?endpointType=iot%3AData-ATS",
			"DELETE a1-ats.iot.eu-west-1.amazonaws.com/connections/a%20b%2F%C3%BC",
		},
		"http://sandbox.invalid": {"DELETE sandbox.invalid/connections/a%20b%2F%C3%BC"},
	} {
		var called []string
		c, err := awsiot.Open(t.Context(), awsiot.Options{
			Sandbox: true, Region: "eu-west-1", Endpoint: endpoint,
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				called = append(called, r.Method+" "+r.URL.Host+r.URL.RequestURI())
				return answer(200, "", `{"endpointAddress":"a1-ats.iot.eu-west-1.amazonaws.com"}`), nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		sessions, err := c.Sessions(t.Context())
		if err == nil {
			err = sessions.DeleteConnection(t.Context(), "a b/ü")
		}
		if err != nil || !slices.Equal(called, want) {
			t.Errorf("endpoint %q: %v, called %q, want %q", endpoint, err, called, want)
		}
	}
}
