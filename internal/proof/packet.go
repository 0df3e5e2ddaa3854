package proof

import (
	"fmt"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/mqtt"
)

// connackCodes are the return codes of a CONNACK of MQTT 3.1.1 (3.2.2.3).
var connackCodes = map[byte]string{
	1: "unacceptable protocol version", 2: "identifier rejected", 3: "server unavailable", 4: "bad user name or password", 5: "not authorized",
}

// reasonCodes are those of MQTT 5 that AWS IoT documents (developer guide, "MQTT", "Reason codes").
var reasonCodes = map[byte]string{
	0x80: "unspecified error", 0x81: "malformed packet", 0x82: "protocol error", 0x83: "implementation specific error",
	0x84: "unsupported protocol version", 0x85: "client identifier not valid", 0x86: "bad user name or password", 0x87: "not authorized",
	0x88: "server unavailable", 0x89: "server busy", 0x8B: "server shutting down", 0x8D: "keep alive timeout", 0x8E: "session taken over",
	0x8F: "topic filter invalid", 0x90: "topic name invalid", 0x95: "packet too large", 0x96: "message rate too high",
	0x97: "quota exceeded", 0x98: "administrative action", 0x9A: "retain not supported", 0x9B: "QoS not supported",
	0x9F: "connection rate exceeded", 0xA1: "subscription identifiers not supported",
}

// saw describes a packet with a code that refuses.
func saw(pk packets.Packet, code, version byte) string {
	meaning := reasonCodes[code]
	if pk.FixedHeader.Type == packets.Connack && version != mqtt.Version5 {
		meaning = connackCodes[code]
	}
	text := fmt.Sprintf("%s 0x%02X", strings.ToUpper(packets.PacketNames[pk.FixedHeader.Type]), code)
	if meaning != "" {
		text += " (" + meaning + ")"
	}
	if pk.Properties.ReasonString != "" {
		text += ": " + pk.Properties.ReasonString
	}
	return text
}
