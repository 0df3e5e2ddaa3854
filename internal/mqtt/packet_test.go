package mqtt

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// A packet comes from anybody who reaches the port: reading it must not panic, and must not take more
// memory than the limit of a packet.
func FuzzRead(f *testing.F) {
	for _, version := range []byte{Version311, Version5} {
		for _, pk := range []packets.Packet{
			{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, TopicName: "a/b", Payload: []byte("c"), PacketID: 1},
			{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: 1},
			{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}},
		} {
			content, err := Encode(pk, version)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content, version)
		}
		f.Add([]byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd"), version)
		f.Add([]byte("\x82\x09\x00\x01\x00\x00\x03a/b\x01"), version)
		f.Add([]byte("\x30\xff\xff\xff\x7f"), version)
	}
	f.Fuzz(func(t *testing.T, content []byte, version byte) {
		pk, err := Read(bufio.NewReader(bytes.NewReader(content)), version)
		if err == nil && pk.FixedHeader.Remaining > MaxPacket {
			t.Errorf("a packet of %d bytes", pk.FixedHeader.Remaining)
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
		content, err := Encode(pk, Version311)
		if err != nil || content[0] != want {
			t.Errorf("%s: %v, %v", packets.PacketNames[pk.FixedHeader.Type], content, err)
		}
	}
}
