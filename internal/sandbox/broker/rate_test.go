package broker

import (
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// Firmware that publishes faster than AWS IoT accepts must find it out in the sandbox: messages beyond the
// limit are lost without an answer, and the connection stays.
func TestMessagesAboveTheRateAreDiscarded(t *testing.T) {
	t.Parallel()
	var kinds []Kind
	b := New(Options{Registry: &lenientRegistry{}, Log: func(e Event) { kinds = append(kinds, e.Kind) }})
	c := attached(t, b, "a")
	drain(c)
	c.second = time.Now().Add(time.Hour) // the second does not end during the test
	for i := range maxPublishes + 20 {
		pk := message("t", "x")
		pk.PacketID = uint16(i + 1)
		if !c.publish(pk) {
			t.Fatal("the connection ended")
		}
	}
	if answers := len(drain(c)); answers != maxPublishes {
		t.Errorf("%d messages were acknowledged", answers)
	}
	if len(kinds) != 2 || kinds[1] != Throttled {
		t.Errorf("events %v", kinds)
	}
	c.second = time.Now().Add(-time.Second)
	if !c.publish(message("t", "x")) || len(drain(c)) != 1 {
		t.Error("the next second has no messages")
	}
}

// AWS IoT documents PUBACK 0x87: a client of MQTT 5 that is told so must not be disconnected too.
func TestRefusedMessageOfMQTT5IsAnswered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version, qos byte
		stays        bool
	}{"3.1.1": {mqtt.Version311, 1, false}, "5, QoS 0": {mqtt.Version5, 0, false}, "5, QoS 1": {mqtt.Version5, 1, true}} {
		b := New(Options{Registry: &refusingRegistry{}})
		c := attached(t, b, "a")
		drain(c)
		c.version = test.version
		pk := message("t", "x")
		pk.FixedHeader.Qos, pk.PacketID = test.qos, 7
		if stays := c.publish(pk); stays != test.stays || c.ended() == test.stays {
			t.Errorf("%s: the connection stays: %v", name, stays)
		}
		answers := drain(c)
		if test.stays && (len(answers) != 1 || answers[0].FixedHeader.Type != packets.Puback || answers[0].ReasonCode != codeNotAuthorized ||
			answers[0].PacketID != 7) {
			t.Errorf("%s: answers %+v", name, answers)
		}
	}
}

// A refusingRegistry knows every certificate, and allows nothing.
type refusingRegistry struct{ lenientRegistry }

func (r *refusingRegistry) Access(id manifest.CertificateID, clientID string) (Access, bool) {
	access, ok := r.lenientRegistry.Access(id, clientID)
	access.Policies = policy.Compile()
	return access, ok
}
