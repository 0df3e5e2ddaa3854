package sandbox

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iotdataplane"
	"github.com/thingpress/thingpress/internal/sandbox/broker"
)

// Whoever deactivates a device must be able to end its session, and only its own.
func TestSessionIsEndedByTheAPI(t *testing.T) {
	t.Parallel()
	for version, create := range witnesses {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			p := f.policy("own", own)
			deviceA, deviceB := f.device("a", p, nil), f.device("b", p, nil)
			end := func(in iotdataplane.DeleteConnectionInput) string {
				in.ClientId = aws.String("a")
				_, err := f.data.DeleteConnection(t.Context(), &in)
				return codeOf(err)
			}
			if code := end(iotdataplane.DeleteConnectionInput{}); code != "ResourceNotFoundException" {
				t.Errorf("a client that is not connected: %q", code)
			}
			b := create()
			for _, err := range []error{b.connect(f, deviceB, "b", sessionOptions{}), b.subscribe("others/+/#"), b.subscribe("all")} {
				if err != nil {
					t.Fatal(err)
				}
			}
			present := func(w witness) {
				t.Helper()
				if err := w.connect(f, deviceA, "a", sessionOptions{persistent: true, will: "all"}); err != nil {
					t.Fatal(err)
				}
			}
			a := create()
			present(a)
			if code := end(iotdataplane.DeleteConnectionInput{}); code != "" {
				t.Errorf("a client that is connected: %q", code)
			}
			<-a.ended()
			if e := f.wait(broker.Disconnected, "a"); e.Detail != "API_INITIATED_DISCONNECT" {
				t.Errorf("reason %q", e.Detail)
			}
			if topic := <-b.messages(); topic != "all" { // the will
				t.Errorf("received %s", topic)
			}
			// The persistent session is still there, until it is cleaned.
			for _, want := range []string{"", "ResourceNotFoundException"} {
				if code := end(iotdataplane.DeleteConnectionInput{CleanSession: true}); code != want {
					t.Errorf("persistent session: %q, and %q was expected", code, want)
				}
			}
			a = create()
			present(a)
			if code := end(iotdataplane.DeleteConnectionInput{CleanSession: true, PreventWillMessage: true}); code != "" {
				t.Errorf("a client that is connected: %q", code)
			}
			<-a.ended()
			f.wait(broker.Disconnected, "a")
			if code := end(iotdataplane.DeleteConnectionInput{}); code != "ResourceNotFoundException" {
				t.Errorf("after the session was cleaned: %q", code)
			}
			if err := b.publish("all", false); err != nil { // the other one is still connected
				t.Error(err)
			}
			if topic := <-b.messages(); topic != "all" {
				t.Errorf("received %s", topic)
			}
			select {
			case topic := <-b.messages():
				t.Errorf("received %s, though the will was prevented", topic)
			default:
			}
		})
	}
}
