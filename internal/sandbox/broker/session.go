package broker

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/policy"
)

const (
	// defaultExpiry is how long AWS keeps a persistent session of MQTT 3.1.1, and maxExpiry the longest
	// time that a client of MQTT 5 can ask for.
	defaultExpiry = time.Hour
	maxExpiry     = 7 * 24 * time.Hour
	// maxQueued is the number of messages that are kept for a client that is away, and maxInFlight of
	// those that wait for their acknowledgement.
	maxQueued   = 1000
	maxInFlight = 100
)

// A session is what is kept of a client. The broker's lock guards it.
type session struct {
	client   *client // nil while the client is away
	ends     time.Time
	filters  map[string]byte // QoS by filter
	inFlight map[uint16]packets.Packet
	queue    []packets.Packet // of QoS 1
	last     uint16           // packet ID
}

func newSession() *session {
	return &session{filters: map[string]byte{}, inFlight: map[uint16]packets.Packet{}}
}

// expired reports whether a session of a client that is away has ended.
func (s *session) expired(now time.Time) bool { return s.client == nil && now.After(s.ends) }

// deliver sends a message with the lower of the two QoS, or keeps it for later if it has QoS 1.
func (s *session) deliver(message packets.Packet, qos byte) {
	message.FixedHeader.Qos = min(message.FixedHeader.Qos, qos)
	message.FixedHeader.Dup = false
	// The identifiers of the publisher mean nothing to others.
	message.PacketID, message.Properties.TopicAlias, message.Properties.TopicAliasFlag = 0, 0, false
	switch {
	case message.FixedHeader.Qos > 0:
		if len(s.queue) < maxQueued {
			s.queue = append(s.queue, message)
		}
		s.flush()
	case s.client != nil && s.client.may(policy.Receive(message.TopicName)):
		s.client.send(message)
	}
}

// flush sends what waits, as far as the client may have messages without acknowledgement.
func (s *session) flush() {
	for s.client != nil && len(s.queue) > 0 && len(s.inFlight) < s.client.window {
		message := s.queue[0]
		s.queue = s.queue[1:]
		if !s.client.may(policy.Receive(message.TopicName)) {
			continue
		}
		for s.last++; s.last == 0 || s.inFlight[s.last].PacketID != 0; s.last++ {
		}
		message.PacketID = s.last
		s.inFlight[s.last] = message
		s.client.send(message)
	}
}

// resume sends again what was not acknowledged, in the order in which it was sent.
func (s *session) resume() {
	age := func(id uint16) uint16 { return id - s.last - 1 } // the oldest has 0
	for _, id := range slices.SortedFunc(maps.Keys(s.inFlight), func(a, b uint16) int { return cmp.Compare(age(a), age(b)) }) {
		message := s.inFlight[id]
		if !s.client.may(policy.Receive(message.TopicName)) {
			delete(s.inFlight, id)
			continue
		}
		message.FixedHeader.Dup = true
		s.client.send(message)
	}
	s.flush()
}

// acknowledge forgets a message.
func (s *session) acknowledge(id uint16) {
	delete(s.inFlight, id)
	s.flush()
}
