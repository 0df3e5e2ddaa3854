package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// An Access is what the registry knows about a certificate and a client ID.
type Access struct {
	// Status is the status of the certificate; empty if it is not registered.
	Status string
	// Connection has everything but what the client says.
	Connection policy.Connection
	Policies   *policy.Policies
	// Names are the names of the policies, by the index of their documents.
	Names []string
}

// A Registry says what a client may do.
type Registry interface {
	// Access returns what is known about a certificate and a client ID. It reports false for a
	// certificate that is not registered.
	Access(certificate manifest.CertificateID, clientID string) (Access, bool)
	// Version changes with every change of the registry.
	Version() uint64
}

// An Event is something that an operator should know and that AWS does not tell the device.
type Event struct {
	Time time.Time
	Kind Kind
	// Remote is the address of the client.
	Remote string
	// ClientID and Certificate are empty as long as they are not known.
	ClientID    string
	Certificate string
	// Request, Decision and Names are those of a [Refused] event; Names are those of the policies.
	Request  policy.Request
	Decision policy.Decision
	Names    []string
	// Detail is more about the cause; may be empty.
	Detail string
}

// A Kind is what an [Event] is about. Kinds are stable.
type Kind string

// Kinds of events.
const (
	Connected    Kind = "connected"
	Disconnected Kind = "disconnected" // not after TakenOver
	// Refused is a request that the policies do not allow.
	Refused Kind = "refused"
	// NoSNI and WrongSNI are handshakes without the name of the host, or with that of another one.
	NoSNI    Kind = "no-sni"
	WrongSNI Kind = "wrong-sni"
	// NoCertificate is a client without a certificate.
	NoCertificate Kind = "no-certificate"
	// Unreadable is a certificate that this program cannot read. AWS may.
	Unreadable Kind = "unreadable-certificate"
	// Handshake is a TLS handshake that failed otherwise.
	Handshake Kind = "handshake-failed"
	// Unregistered, Inactive and Expired are certificates that AWS IoT refuses at CONNECT.
	Unregistered Kind = "unregistered-certificate"
	Inactive     Kind = "inactive-certificate"
	Expired      Kind = "expired-certificate"
	// BadClientID is a client ID that AWS IoT refuses.
	BadClientID Kind = "bad-client-id"
	// TakenOver is a client whose ID another client uses.
	TakenOver Kind = "taken-over"
	// Silent is a client that sent nothing within its keep-alive.
	Silent Kind = "keep-alive"
	// Throttled is a client that publishes faster than AWS IoT accepts. It is logged once a second.
	Throttled Kind = "throttled"
	// Violation is a packet that AWS IoT does not accept.
	Violation Kind = "protocol-violation"
)

// Options of a broker.
type Options struct {
	Registry Registry
	// Certificate is that of the broker. Hosts are the names that clients may give in the handshake;
	// if there are none, any name and no name will do.
	Certificate tls.Certificate
	Hosts       []string
	// Log, if set, is called for every event, from several goroutines. Nothing else is served until it
	// returns.
	Log func(Event)
}

// A Broker serves clients. Its methods are safe for concurrent use.
type Broker struct {
	options Options
	tls     *tls.Config

	mu       sync.Mutex
	clients  map[string]*client  // by client ID
	sessions map[string]*session // by client ID
	retained map[string]packets.Packet
	open     map[net.Conn]bool
	closed   bool
	serving  sync.WaitGroup
}

// New returns a broker that serves nobody yet.
func New(o Options) *Broker {
	b := &Broker{
		options: o, clients: map[string]*client{}, sessions: map[string]*session{}, retained: map[string]packets.Packet{},
		open: map[net.Conn]bool{},
	}
	b.tls = &tls.Config{
		Certificates: []tls.Certificate{o.Certificate}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12,
		SessionTicketsDisabled: true, GetConfigForClient: b.checkName,
	}
	return b
}

var (
	errNoSNI    = errors.New("the client sends no server name")
	errWrongSNI = errors.New("the client asks for another host")
)

// checkName refuses a handshake for another host. A device that is registered without a certificate
// authority has to name its host (developer guide, "Transport security").
func (b *Broker) checkName(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	switch {
	case len(b.options.Hosts) == 0:
		return nil, nil //nolint:nilnil // the configuration of the listener holds
	case hello.ServerName == "":
		return nil, errNoSNI
	case !slices.ContainsFunc(b.options.Hosts, func(host string) bool { return strings.EqualFold(host, hello.ServerName) }):
		return nil, errWrongSNI
	}
	return nil, nil //nolint:nilnil // the configuration of the listener holds
}

// acceptPause is how long the broker waits after it could not accept a connection, as when the process
// has too many open files.
const acceptPause = 100 * time.Millisecond

// Serve serves the clients of a listener until ctx ends, and closes it. Clients that are connected
// then are disconnected, and the error is nil.
func (b *Broker) Serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() {
		_ = listener.Close() // nobody is served any more
		b.mu.Lock()
		b.closed = true
		for conn := range b.open {
			_ = conn.Close()
		}
		b.mu.Unlock()
	})
	defer stop()
	for {
		conn, err := listener.Accept()
		if err != nil && !errors.Is(err, net.ErrClosed) && ctx.Err() == nil {
			_ = backoff.Sleep(ctx, acceptPause)
			continue
		}
		if err != nil {
			b.serving.Wait()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if !b.admit(conn) {
			_ = conn.Close()
			continue
		}
		b.serving.Go(func() {
			defer b.forget(conn)
			newClient(b, conn).serve(ctx)
		})
	}
}

func (b *Broker) admit(conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.open[conn] = true
	}
	return !b.closed
}

func (b *Broker) forget(conn net.Conn) {
	_ = conn.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, conn)
}

func (b *Broker) log(e Event) {
	if b.options.Log != nil {
		e.Time = time.Now()
		b.options.Log(e)
	}
}

// attach makes a client the one with its ID, answers its CONNECT, and sends what its session missed. A
// client that had the ID is disconnected, as AWS does. This is one step, so that no message overtakes the
// CONNACK, and that the events of clients with one ID come in order.
func (b *Broker) attach(c *client, clean bool, answer packets.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.clients[c.id]; old != nil {
		old.log(TakenOver, "")
		old.end(codeTakenOver)
	}
	b.clients[c.id] = c
	c.session = b.sessions[c.id]
	answer.SessionPresent = c.session != nil && !clean && !c.session.expired(time.Now())
	if !answer.SessionPresent {
		c.session = newSession()
		b.sessions[c.id] = c.session
	}
	c.session.client, c.session.ends = c, time.Time{}
	c.log(Connected, "")
	c.send(answer)
	c.session.resume()
}

// detach ends the connection of a client. Its session stays for a while if it is persistent.
func (b *Broker) detach(c *client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients[c.id] != c {
		return // another client has the ID
	}
	delete(b.clients, c.id)
	c.log(Disconnected, c.reason())
	if c.expiry == 0 || c.dropSession.Load() {
		delete(b.sessions, c.id)
		return
	}
	c.session.client, c.session.ends = nil, time.Now().Add(c.expiry)
}

// Disconnect ends the connection of a client as DeleteConnection does (developer guide, "Disconnecting
// MQTT clients"). With cleanSession it also ends the persistent session, and with preventWill the will is not
// published. It reports false if there is neither a connection nor a session.
func (b *Broker) Disconnect(clientID string, cleanSession, preventWill bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, s := b.clients[clientID], b.sessions[clientID]
	switch {
	case c != nil:
		c.dropSession.Store(cleanSession)
		c.dropWill.Store(preventWill)
		c.end(codeAdministrator)
	case s == nil || s.expired(time.Now()):
		return false
	case cleanSession:
		delete(b.sessions, clientID)
	}
	return true
}

// Publish delivers a message of QoS 1 that no client sent.
func (b *Broker) Publish(topic string, payload []byte) {
	b.publish(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, TopicName: topic, Payload: payload})
}

// publish delivers a message to everybody who subscribed, and keeps it if it is retained.
func (b *Broker) publish(message packets.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if message.FixedHeader.Retain && !strings.HasPrefix(message.TopicName, "$aws/") {
		if len(message.Payload) == 0 {
			delete(b.retained, message.TopicName)
		} else {
			b.retained[message.TopicName] = message
		}
	}
	message.FixedHeader.Retain = false
	shared := map[string][]*session{}
	now := time.Now()
	for id, s := range b.sessions {
		if s.client == nil && s.expired(now) {
			delete(b.sessions, id)
			continue
		}
		best := -1
		for filter, qos := range s.filters {
			_, topic, isShared := cutShare(filter)
			if !matches(topic, message.TopicName) {
				continue
			}
			if isShared {
				shared[filter] = append(shared[filter], s)
				continue
			}
			best = max(best, int(qos))
		}
		if best >= 0 {
			s.deliver(message, byte(best))
		}
	}
	for filter, members := range shared {
		if present := slices.DeleteFunc(slices.Clone(members), func(s *session) bool { return s.client == nil }); len(present) > 0 {
			members = present
		}
		s := members[rand.IntN(len(members))] //nolint:gosec // spreads the load
		s.deliver(message, s.filters[filter])
	}
}

// subscribe adds filters to a session, and returns the retained messages to send. There are none for
// filters with wildcards.
func (b *Broker) subscribe(s *session, filters packets.Subscriptions) (retained []packets.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range filters {
		s.filters[f.Filter] = min(f.Qos, 1)
		if message, ok := b.retained[f.Filter]; ok && f.RetainHandling < 2 {
			message.FixedHeader.Qos = min(message.FixedHeader.Qos, f.Qos)
			retained = append(retained, message)
		}
	}
	return retained
}

func (b *Broker) unsubscribe(s *session, filter string) (had bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, had = s.filters[filter]
	delete(s.filters, filter)
	return had
}

// count returns how many filters a session has after new ones are added.
func (b *Broker) count(s *session, filters packets.Subscriptions) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(s.filters)
	for _, f := range filters {
		if _, has := s.filters[f.Filter]; !has {
			n++
		}
	}
	return n
}
