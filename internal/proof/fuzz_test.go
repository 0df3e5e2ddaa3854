package proof

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// FuzzReadPacket looks for bytes of a broker that crash a client.
func FuzzReadPacket(f *testing.F) {
	for _, packet := range [][]byte{
		{0x20, 2, 0, 0},
		{0x20, 3, 0, 0x87, 0},
		{0x40, 2, 0, 1},
		{0x40, 3, 0, 1, 0x87},
		{0x90, 3, 0, 1, 0x80},
		{0x90, 4, 0, 1, 0, 0x87},
		{0xE0, 2, 0x8E, 0},
		{0xD0, 0},
		{0x30, 5, 0, 1, 't', 'h', 'i'},
		{0x32, 6, 0, 1, 't', 0, 1, 'x'},
		{0x30, 0xff, 0xff, 0xff, 0x7f},
	} {
		f.Add(packet, true)
		f.Add(packet, false)
	}
	f.Fuzz(func(t *testing.T, content []byte, is5 bool) {
		version := byte(Version311)
		if is5 {
			version = Version5
		}
		reader := bufio.NewReader(bytes.NewReader(content))
		for {
			pk, err := readPacket(reader, version)
			if err != nil {
				return
			}
			if len(pk.Payload) > maxPacket {
				t.Fatalf("a payload of %d bytes", len(pk.Payload))
			}
			_ = saw(pk, pk.ReasonCode, version)
		}
	})
}

// The packets of a client must be those that a broker of another make reads; PUBLISH and SUBSCRIBE have bits
// that the codec does not set by itself.
func TestEncodedPacketsHaveTheirBits(t *testing.T) {
	t.Parallel()
	for want, pk := range map[byte]packets.Packet{
		0x33: {FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1, Retain: true}, TopicName: "t", PacketID: 1},
		0x82: {FixedHeader: packets.FixedHeader{Type: packets.Subscribe}, PacketID: 1, Filters: packets.Subscriptions{{Filter: "t", Qos: 1}}},
		0xC0: {FixedHeader: packets.FixedHeader{Type: packets.Pingreq}},
		0xE0: {FixedHeader: packets.FixedHeader{Type: packets.Disconnect}},
	} {
		content, err := encodePacket(pk, Version311)
		if err != nil || content[0] != want {
			t.Errorf("%s: %v, %v", packets.PacketNames[pk.FixedHeader.Type], content, err)
		}
	}
}
