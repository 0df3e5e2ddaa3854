package broker

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

const (
	// handshakeTimeout is how long a client may take to connect.
	handshakeTimeout = 10 * time.Second
	writeTimeout     = 10 * time.Second
	// maxKeepAlive is the longest keep-alive of AWS IoT, and that of a client without one.
	maxKeepAlive = 1200 * time.Second
	minKeepAlive = 30 * time.Second
	// maxWaiting is the number of packets that wait to be written.
	maxWaiting = 256
	maxAlias   = 8
)

// A client is one connection.
type client struct {
	broker  *Broker
	conn    net.Conn
	remote  string
	version byte
	id      string
	expiry  time.Duration // of the session; 0 if it ends with the connection
	window  int           // messages of QoS 1 that may wait for their acknowledgement
	session *session
	will    *packets.Packet
	aliases map[uint16]string
	// published counts the messages since second.
	published int
	second    time.Time

	certificate manifest.CertificateID
	leafDates   [2]time.Time
	said        policy.Connection // what the client says of itself

	mu     sync.Mutex
	access Access
	seen   uint64 // version of the registry

	out    chan packets.Packet
	ending sync.Once
	done   chan struct{}
	code   byte // why it ends
	left   bool // the client sent DISCONNECT

	// dropSession and dropWill are set by [Broker.Disconnect].
	dropSession, dropWill atomic.Bool
}

func newClient(b *Broker, conn net.Conn) *client {
	return &client{
		broker: b, conn: conn, remote: conn.RemoteAddr().String(), window: maxInFlight, aliases: map[uint16]string{},
		out: make(chan packets.Packet, maxWaiting), done: make(chan struct{}),
	}
}

func (c *client) log(kind Kind, detail string) {
	c.broker.log(Event{Kind: kind, Remote: c.remote, ClientID: c.id, Certificate: c.certificateText(), Detail: detail})
}

func (c *client) certificateText() string {
	if c.certificate.IsZero() {
		return ""
	}
	return c.certificate.String()
}

// serve serves the client until it ends.
func (c *client) serve(ctx context.Context) {
	_ = c.conn.SetDeadline(time.Now().Add(handshakeTimeout))
	secure := tls.Server(c.conn, c.broker.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.logHandshake(err)
		return
	}
	leaf := secure.ConnectionState().PeerCertificates[0]
	c.certificate, c.leafDates = sha256.Sum256(leaf.Raw), [2]time.Time{leaf.NotBefore, leaf.NotAfter}
	c.said = policy.Connection{DomainName: secure.ConnectionState().ServerName}
	if at, err := netip.ParseAddrPort(c.remote); err == nil {
		c.said.SourceIP = at.Addr().Unmap()
	}
	raw := c.conn
	c.conn = secure
	reader := bufio.NewReader(secure)
	connect, err := mqtt.Read(reader, 0)
	if err != nil || connect.FixedHeader.Type != packets.Connect {
		c.log(Violation, "the first packet is not CONNECT")
		return
	}
	if !c.accept(connect) {
		return
	}
	_ = raw.SetDeadline(time.Time{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write()
	}()
	c.welcome(connect)
	c.read(reader, keepAlive(connect.Connect.Keepalive))
	c.end(codeSuccess)
	<-written
	c.broker.detach(c)
	if c.will != nil && !c.dropWill.Load() {
		c.broker.publish(*c.will)
	}
	c.announce("disconnected")
}

// reason returns why the client was disconnected, in the words of AWS (developer guide, "Lifecycle
// events").
func (c *client) reason() string {
	switch c.code {
	case codeTakenOver:
		return "DUPLICATE_CLIENTID"
	case codeKeepAlive:
		return "MQTT_KEEP_ALIVE_TIMEOUT"
	case codeNotAuthorized:
		return "FORBIDDEN_ACCESS"
	case codeAdministrator:
		return "API_INITIATED_DISCONNECT"
	case codeQuota:
		return "THROTTLED"
	case codeSuccess:
		if c.left {
			return "CLIENT_INITIATED_DISCONNECT"
		}
		return "CONNECTION_LOST"
	}
	return "CLIENT_ERROR"
}

// announce publishes the event that the client has connected or disconnected.
func (c *client) announce(event string) {
	message := presence{
		ClientID: c.id, Timestamp: time.Now().UnixMilli(), EventType: event, Principal: c.certificateText(),
		Address: c.said.SourceIP.String(), ByClient: c.left,
	}
	if event == "disconnected" {
		message.Reason = c.reason()
	}
	content, err := json.Marshal(message)
	if err != nil {
		return // it consists of strings and numbers
	}
	c.broker.publish(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1},
		TopicName:   "$aws/events/presence/" + event + "/" + c.id, Payload: content,
	})
}

// presence is a lifecycle event.
type presence struct {
	ClientID  string `json:"clientId"`
	Timestamp int64  `json:"timestamp"` // Unix milliseconds
	EventType string `json:"eventType"`
	Principal string `json:"principalIdentifier"`
	Address   string `json:"ipAddress"`
	ByClient  bool   `json:"clientInitiatedDisconnect"`
	Reason    string `json:"disconnectReason,omitempty"`
}

// may reports whether the policies allow a request, and tells the operator if they do not.
func (c *client) may(r policy.Request) bool {
	access := c.current()
	if access.Policies.Decide(&access.Connection, r) == policy.Allowed {
		return true
	}
	c.broker.log(Event{
		Kind: Refused, Remote: c.remote, ClientID: c.id, Certificate: c.certificateText(),
		Request: r, Decision: access.Policies.Evaluate(&access.Connection, r), Names: access.Names,
	})
	return false
}

// current returns what the registry says now.
func (c *client) current() Access {
	c.mu.Lock()
	defer c.mu.Unlock()
	registry := c.broker.options.Registry
	if version := registry.Version(); c.access.Policies == nil || version != c.seen {
		access, ok := registry.Access(c.certificate, c.id)
		if !ok {
			access.Policies = policy.Compile()
		}
		at := &access.Connection
		at.Will, at.Persistent, at.SourceIP, at.DomainName = c.said.Will, c.said.Persistent, c.said.SourceIP, c.said.DomainName
		c.access, c.seen = access, version
	}
	access := c.access
	access.Connection.Time = time.Now()
	return access
}

// read serves packets until the connection ends.
func (c *client) read(r *bufio.Reader, alive time.Duration) {
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(alive * 3 / 2))
		pk, err := mqtt.Read(r, c.version)
		var timeout net.Error
		switch {
		case c.ended():
			return
		case errors.As(err, &timeout) && timeout.Timeout():
			c.log(Silent, "")
			c.end(codeKeepAlive)
			return
		case errors.Is(err, mqtt.ErrTooLarge):
			c.violate(codeTooLarge, err.Error())
			return
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || isReset(err):
			return
		case err != nil:
			c.violate(codeMalformed, err.Error())
			return
		}
		if !c.handle(pk) {
			return
		}
	}
}

func (c *client) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// isReset reports whether the connection broke.
func isReset(err error) bool {
	var broken *net.OpError
	return errors.As(err, &broken)
}

// send queues a packet. A client that does not read is disconnected.
func (c *client) send(pk packets.Packet) {
	select {
	case <-c.done:
	case c.out <- pk:
	default:
		c.end(codeQuota)
	}
}

// write writes queued packets until the connection ends.
func (c *client) write() {
	defer c.conn.Close() //nolint:errcheck // the connection is over
	for {
		select {
		case pk := <-c.out:
			if !c.writeNow(pk) {
				c.end(codeUnspecified)
				return
			}
		case <-c.done:
			for { // what was queued before
				select {
				case pk := <-c.out:
					c.writeNow(pk)
				default:
					_ = c.conn.Close()
					return
				}
			}
		}
	}
}

func (c *client) writeNow(pk packets.Packet) bool {
	content, err := mqtt.Encode(pk, c.version)
	if err != nil {
		return false
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err = c.conn.Write(content)
	return err == nil
}

// end ends the connection. Only clients of MQTT 5 are told why.
func (c *client) end(code byte) {
	c.ending.Do(func() {
		c.code = code
		if c.version == mqtt.Version5 && code != codeSuccess {
			select {
			case c.out <- packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ReasonCode: code}:
			default: // it does not read
			}
		}
		close(c.done)
		_ = c.conn.SetReadDeadline(time.Now()) // ends read
	})
}
