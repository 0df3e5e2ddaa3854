package sandboxes

import (
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/policy"
)

// AWS tells a device nothing, so the line for the operator has to have the cause.
func TestOperatorLearnsWhyADeviceIsRefused(t *testing.T) {
	t.Parallel()
	document, err := policy.Parse(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"},
		{"Effect":"Deny","Action":"iot:Publish","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(r policy.Request, names ...string) broker.Event {
		c := policy.Connection{ClientID: "fw-1"}
		return broker.Event{
			Kind: broker.Refused, ClientID: "fw-1", Request: r, Names: names,
			Decision: policy.Evaluate([]*policy.Document{document}, c, r),
		}
	}
	for _, test := range []struct {
		event broker.Event
		want  string
	}{
		{refused(policy.Connect(), "sensors"), "refused iot:Connect on client/fw-1: no statement allows it; ${iot:Connection."},
		{refused(policy.Publish("a"), "sensors"), "refused iot:Publish on topic/a: statement 2 of policy sensors denies it"},
		{refused(policy.Connect()), "the certificate has no policy"},
		{broker.Event{Kind: broker.NoSNI, Remote: "10.0.0.1:5"}, "mqtt 10.0.0.1:5: refused, it sends no server name"},
		{broker.Event{Kind: broker.Disconnected, ClientID: "a", Detail: "CONNECTION_LOST"}, "mqtt a: disconnected: CONNECTION_LOST"},
	} {
		if got := eventText(test.event); !strings.Contains(got, test.want) {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}
