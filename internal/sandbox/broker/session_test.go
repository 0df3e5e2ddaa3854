package broker

import (
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// A lenientRegistry allows everything but to receive some topics.
type lenientRegistry struct {
	mu      sync.Mutex
	version uint64
	denied  string
}

func (r *lenientRegistry) Version() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version
}

func (r *lenientRegistry) deny(topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version, r.denied = r.version+1, topic
}

func (r *lenientRegistry) Access(_ manifest.CertificateID, clientID string) (Access, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	document, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"},
		{"Effect":"Deny","Action":"iot:Receive","Resource":"arn:aws:iot:*:*:topic/` + r.denied + `"}]}`)
	return Access{
		Status: "ACTIVE", Policies: policy.Compile(document),
		Connection: policy.Connection{Target: policy.Target{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}, ClientID: clientID},
	}, err == nil
}

// attached returns a client with a persistent session. What it is sent waits in its channel.
func attached(t *testing.T, b *Broker, id string) *client {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	c := newClient(b, near)
	c.id, c.version = id, mqtt.Version311
	c.welcome(packets.Packet{})
	return c
}

// drain returns what is to be written to a client.
func drain(c *client) (all []packets.Packet) {
	for len(c.out) > 0 {
		all = append(all, <-c.out)
	}
	return all
}

func message(topic, content string) packets.Packet {
	return packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, TopicName: topic, Payload: []byte(content),
	}
}

// contents returns the contents of messages, with a mark at those that are sent again.
func contents(all []packets.Packet) (texts []string) {
	for _, pk := range all {
		switch {
		case pk.FixedHeader.Type == packets.Connack:
			texts = append(texts, "CONNACK")
		case pk.FixedHeader.Dup:
			texts = append(texts, string(pk.Payload)+" again")
		default:
			texts = append(texts, string(pk.Payload))
		}
	}
	return texts
}

// A client takes a message before the CONNACK for a violation, and hangs up.
func TestNoMessageOvertakesTheCONNACK(t *testing.T) {
	t.Parallel()
	b := New(Options{Registry: &lenientRegistry{}})
	first := attached(t, b, "a")
	b.subscribe(first.session, packets.Subscriptions{{Filter: "t", Qos: 1}})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				b.publish(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: "t", Payload: []byte("x")})
			}
		}
	}()
	for range 200 {
		c := attached(t, b, "a")
		if pk := <-c.out; pk.FixedHeader.Type != packets.Connack {
			t.Error("the first packet is a message")
			break
		}
	}
	close(stop)
	<-stopped
}

// A message of QoS 1 must not be lost when the connection breaks, nor come in another order.
func TestUnacknowledgedMessagesAreSentAgainInOrder(t *testing.T) {
	t.Parallel()
	b := New(Options{Registry: &lenientRegistry{}})
	c := attached(t, b, "a")
	b.subscribe(c.session, packets.Subscriptions{{Filter: "t", Qos: 1}})
	c.session.last = 65533 // packet IDs begin again after 65535
	want := []string{"1", "2", "3", "4", "5", "6"}
	for _, content := range want[:5] {
		b.publish(message("t", content))
	}
	if got := contents(drain(c)); !slices.Equal(got[1:], want[:5]) {
		t.Errorf("sent %v", got)
	}
	for range maxWaiting {
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingresp}})
	}
	b.publish(message("t", want[5])) // it has no place
	if !c.ended() {
		t.Error("a client that does not read stays")
	}
	b.detach(c)
	got := contents(drain(attached(t, b, "a")))
	if !slices.Equal(got, []string{"CONNACK", "1 again", "2 again", "3 again", "4 again", "5 again", "6 again"}) {
		t.Errorf("sent again %v", got)
	}
}

// Messages that a client may no longer receive must not take the place of those that it may.
func TestMessagesThatMayNoLongerBeReceivedLeaveTheWindow(t *testing.T) {
	t.Parallel()
	registry := &lenientRegistry{}
	b := New(Options{Registry: registry})
	c := attached(t, b, "a")
	b.subscribe(c.session, packets.Subscriptions{{Filter: "#", Qos: 1}})
	for range maxInFlight {
		b.publish(message("secret", "x"))
	}
	b.publish(message("t", "for all"))
	b.detach(c)
	registry.deny("secret")
	if got := contents(drain(attached(t, b, "a"))); !slices.Equal(got, []string{"CONNACK", "for all"}) {
		t.Errorf("sent %v", got)
	}
}

// A message for a group must reach a member that is there.
func TestSharedMessageIsForAMemberThatIsConnected(t *testing.T) {
	t.Parallel()
	b := New(Options{Registry: &lenientRegistry{}})
	members := []*client{attached(t, b, "a"), attached(t, b, "b"), attached(t, b, "c")}
	for _, c := range members {
		b.subscribe(c.session, packets.Subscriptions{{Filter: "$share/g/t", Qos: 1}})
		drain(c)
	}
	b.detach(members[0])
	b.detach(members[1])
	for range 10 {
		b.publish(message("t", "x"))
	}
	if got := len(drain(members[2])); got != 10 {
		t.Errorf("the member that is connected got %d of 10 messages", got)
	}
}

// The registry must end with what is so: that the newer of two clients with the same ID is connected.
func TestClientThatIsTakenOverIsNotReportedAsDisconnected(t *testing.T) {
	t.Parallel()
	var kinds []Kind
	b := New(Options{Registry: &lenientRegistry{}, Log: func(e Event) { kinds = append(kinds, e.Kind) }})
	first := attached(t, b, "a")
	second := attached(t, b, "a")
	if first.end(codeSuccess); first.reason() != "DUPLICATE_CLIENTID" {
		t.Errorf("the first client ended with %s", first.reason())
	}
	b.detach(first)
	if want := []Kind{Connected, TakenOver, Connected}; !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	second.end(codeSuccess)
	b.detach(second)
	if len(kinds) != 4 || kinds[3] != Disconnected {
		t.Errorf("events %v", kinds)
	}
}

// Sessions that nobody comes back for must not pile up.
func TestSessionsThatEndedAreForgotten(t *testing.T) {
	t.Parallel()
	b := New(Options{Registry: &lenientRegistry{}})
	c := attached(t, b, "a")
	b.detach(c)
	c.session.ends = time.Now().Add(-time.Second)
	attached(t, b, "b")
	if len(b.sessions) != 1 {
		t.Errorf("%d sessions", len(b.sessions))
	}
}
