package sandbox

import (
	"io"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/sandbox/broker"
)

// connectPacket is a CONNECT of MQTT 3.1.1 with the client ID a.
const connectPacket = "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a"

// Packets that no client library sends must end their connection with a reason for the operator, and
// nobody else's.
func TestBrokerEndsConnectionsThatBreakTheProtocol(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	d := f.device("a", f.policy("own", own), nil)
	for name, test := range map[string]struct{ sent, detail string }{
		"a message before CONNECT":      {"\x30\x05\x00\x03allx", "the first packet is not CONNECT"},
		"no MQTT":                       {"GET / HTTP/1.1\r\n\r\n", "the first packet is not CONNECT"},
		"a second CONNECT":              {connectPacket + connectPacket, "AWS IoT does not accept this packet"},
		"a message with the ID 0":       {connectPacket + "\x32\x08\x00\x03all\x00\x00x", "a packet without an identifier"},
		"a subscription with the ID 0":  {connectPacket + "\x82\x08\x00\x00\x00\x03all\x01", "a packet without an identifier"},
		"a subscription to nothing":     {connectPacket + "\x82\x02\x00\x01", "a SUBSCRIBE without a filter"},
		"a message of QoS 2":            {connectPacket + "\x34\x08\x00\x03all\x00\x01x", "QoS 2"},
		"a message to a wildcard":       {connectPacket + "\x30\x03\x00\x01#", "AWS IoT accepts no such topic: #"},
		"a packet for the server alone": {connectPacket + "\x20\x02\x00\x00", "AWS IoT does not accept this packet"},
		"a packet of 256 MB":            {connectPacket + "\x30\xff\xff\xff\x7f", "the packet is larger than AWS IoT accepts"},
		"a topic that ends early":       {connectPacket + "\x30\x02\x00\x09", ""},
	} {
		conn, err := f.dial(d, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, test.sent); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, _ = io.Copy(io.Discard, conn) // until the broker ends the connection
		if e := f.wait(broker.Violation, ""); !strings.Contains(e.Detail, test.detail) {
			t.Errorf("%s: %q", name, e.Detail)
		}
		_ = conn.Close()
	}
}
