package proof

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/thingpress/thingpress/internal/mqtt"
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
		version := byte(mqtt.Version311)
		if is5 {
			version = mqtt.Version5
		}
		reader := bufio.NewReader(bytes.NewReader(content))
		for {
			pk, err := mqtt.Read(reader, version)
			if err != nil {
				return
			}
			if len(pk.Payload) > mqtt.MaxPacket {
				t.Fatalf("a payload of %d bytes", len(pk.Payload))
			}
			_ = saw(pk, pk.ReasonCode, version)
		}
	})
}
