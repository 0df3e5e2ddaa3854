package broker

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// A packet comes from anybody who reaches the port: reading it must not panic, and must not take more
// memory than the limit of a packet.
func FuzzPacket(f *testing.F) {
	for _, version := range []byte{version31, version5} {
		for _, pk := range []packets.Packet{
			{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, TopicName: "a/b", Payload: []byte("c"), PacketID: 1},
			{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: 1},
			{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}},
		} {
			content, err := encode(pk, version)
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
		pk, err := readPacket(bufio.NewReader(bytes.NewReader(content)), version)
		if err == nil && pk.FixedHeader.Remaining > maxPacket {
			t.Errorf("a packet of %d bytes", pk.FixedHeader.Remaining)
		}
	})
}

// naive is what matches does, level by level.
func naive(filter, topic []string) bool {
	if len(filter) == 0 || len(topic) == 0 {
		return len(filter) == len(topic)
	}
	return filter[0] == "#" || (filter[0] == "+" || filter[0] == topic[0]) && naive(filter[1:], topic[1:])
}

func FuzzFilter(f *testing.F) {
	for _, seed := range [][2]string{
		{"a/#", "a"}, {"a/#", "a/"}, {"a/+/c", "a/b/c"}, {"#", "$aws/a"}, {"+/a", "/a"}, {"$share/g/a", "a"}, {"a//b", "a//b"}, {"a", "a/b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, filter, topic string) {
		if !isFilter(filter) || !isTopic(topic) {
			return
		}
		want := naive(strings.Split(filter, "/"), strings.Split(topic, "/"))
		if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
			want = false
		}
		if got := matches(filter, topic); got != want {
			t.Errorf("%q matches %q: %v", filter, topic, got)
		}
	})
}

func TestTopicsWithinTheLimits(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]bool{
		"a": true, "a/b/c/d/e/f/g/h": true, "a/b/c/d/e/f/g/h/i": false, "": false, "a/+": false, "a\x00": false,
		strings.Repeat("a", 256): true, strings.Repeat("a", 257): false, "$aws/rules/r/a/b/c/d/e/f/g/h": true,
	} {
		if got := isTopic(topic); got != want {
			t.Errorf("%q: %v", topic, got)
		}
	}
	for filter, want := range map[string]bool{
		"a/#": true, "#": true, "+/+": true, "a#": false, "a/#/b": false, "a+/b": false, "$share/g/a": true,
		"$share//a": false, "$share/g": false,
	} {
		if got := isFilter(filter); got != want {
			t.Errorf("%q: %v", filter, got)
		}
	}
}
