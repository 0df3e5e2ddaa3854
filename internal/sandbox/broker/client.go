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
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/mochi-mqtt/server/v2/packets"

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
	connect, err := readPacket(reader, 0)
	if err != nil || connect.FixedHeader.Type != packets.Connect {
		c.log(Violation, "the first packet is no CONNECT")
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
	c.log(Disconnected, c.reason())
	if c.will != nil {
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

// logHandshake tells why a handshake failed.
func (c *client) logHandshake(err error) {
	text := err.Error()
	switch {
	case errors.Is(err, errNoSNI):
		c.log(NoSNI, "")
	case errors.Is(err, errWrongSNI):
		c.log(WrongSNI, "")
	case strings.Contains(text, "client didn't provide a certificate"):
		c.log(NoCertificate, "")
	case strings.Contains(text, "failed to parse client certificate"), strings.Contains(text, "unsupported certificate"):
		c.log(Unreadable, text)
	case !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed):
		c.log(Handshake, text)
	}
}

// accept decides whether the client may connect. If not it refuses as AWS does: MQTT 3.1.1 clients are
// disconnected without an answer.
func (c *client) accept(pk packets.Packet) bool {
	c.version = pk.ProtocolVersion
	if code := pk.ConnectValidate(); code.Code != codeSuccess || c.version < version3 || c.version > version5 {
		c.log(Violation, code.Reason)
		return c.refuse(unsupportedIn31, codeUnsupported)
	}
	c.id = pk.Connect.ClientIdentifier
	if c.id == "" {
		if c.version != version5 && !pk.Connect.Clean {
			c.log(BadClientID, "a persistent session needs a client ID")
			return c.refuse(badClientIDIn31, codeBadClientID)
		}
		c.id = "auto-" + uuid.NewString()
	}
	if len(c.id) > maxClientID || strings.HasPrefix(c.id, "$") {
		c.log(BadClientID, "")
		return c.refuse(badClientIDIn31, codeBadClientID)
	}
	c.said.Persistent = !pk.Connect.Clean
	if c.version == version5 {
		c.said.Persistent = pk.Properties.SessionExpiryInterval > 0
	}
	if pk.Connect.WillFlag {
		c.said.Will = pk.Connect.WillTopic
	}
	if kind, ok := c.checkCertificate(); !ok {
		c.log(kind, "")
		return c.refuse(0, codeNotAuthorized)
	}
	if !c.may(policy.Connect()) {
		return c.refuse(0, codeNotAuthorized)
	}
	if !pk.Connect.WillFlag {
		return true
	}
	switch {
	case !isTopic(c.said.Will) || len(pk.Connect.WillPayload) > maxPayload:
		c.log(Violation, "AWS IoT accepts no such topic of a will")
		return c.refuse(0, codeBadTopic)
	case pk.Connect.WillQos > 1:
		c.log(Violation, "a will with QoS 2")
		return c.refuse(0, codeQoS)
	case !c.may(policy.Publish(c.said.Will)) || pk.Connect.WillRetain && !c.may(policy.RetainPublish(c.said.Will)):
		return c.refuse(0, codeNotAuthorized)
	}
	c.will = &packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: pk.Connect.WillQos, Retain: pk.Connect.WillRetain},
		TopicName:   c.said.Will, Payload: pk.Connect.WillPayload, Properties: pk.Connect.WillProperties,
	}
	c.will.Properties.WillDelayInterval = 0
	return true
}

// checkCertificate reports whether the certificate may be used at all.
func (c *client) checkCertificate() (Kind, bool) {
	access, ok := c.broker.options.Registry.Access(c.certificate, c.id)
	now := time.Now()
	switch {
	case !ok:
		return Unregistered, false
	case access.Status != "ACTIVE":
		return Inactive, false
	case now.Before(c.leafDates[0]) || now.After(c.leafDates[1]):
		return Expired, false
	}
	return "", true
}

// refuse answers a CONNECT that is refused, and returns false. A code of 0 stands for no answer.
func (c *client) refuse(code31, code5 byte) bool {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: code31}
	if c.version == version5 {
		pk.ReasonCode = code5
	}
	if pk.ReasonCode != 0 {
		c.writeNow(pk)
	}
	return false
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

// welcome sends the CONNACK, and then what a resumed session missed.
func (c *client) welcome(pk packets.Packet) {
	p := &pk.Properties
	answer := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}}
	c.expiry = 0
	switch {
	case c.version == version5:
		c.expiry = min(time.Duration(p.SessionExpiryInterval)*time.Second, maxExpiry)
		if p.ReceiveMaximum > 0 {
			c.window = min(int(p.ReceiveMaximum), maxInFlight)
		}
		a := &answer.Properties
		a.SessionExpiryInterval, a.SessionExpiryIntervalFlag = uint32(c.expiry/time.Second), true
		a.MaximumQos, a.MaximumQosFlag = 1, true
		a.RetainAvailable, a.RetainAvailableFlag = 1, true
		a.WildcardSubAvailable, a.WildcardSubAvailableFlag = 1, true
		a.SubIDAvailable, a.SubIDAvailableFlag = 0, true
		a.SharedSubAvailable, a.SharedSubAvailableFlag = 1, true
		a.MaximumPacketSize, a.TopicAliasMaximum, a.ReceiveMaximum = maxPacket, maxAlias, maxInFlight
		a.ServerKeepAlive, a.ServerKeepAliveFlag = uint16(keepAlive(pk.Connect.Keepalive)/time.Second), true
		if pk.Connect.ClientIdentifier == "" {
			a.AssignedClientID = c.id
		}
	case !pk.Connect.Clean:
		c.expiry = defaultExpiry
	}
	c.session, answer.SessionPresent = c.broker.attach(c, pk.Connect.Clean)
	c.log(Connected, "")
	c.send(answer)
	c.broker.mu.Lock()
	c.session.resume()
	c.broker.mu.Unlock()
	c.announce("connected")
}

// keepAlive returns the keep-alive that AWS IoT uses for the one that a client asks for.
func keepAlive(seconds uint16) time.Duration {
	if seconds == 0 {
		return maxKeepAlive
	}
	return max(minKeepAlive, min(time.Duration(seconds)*time.Second, maxKeepAlive))
}

// read serves packets until the connection ends.
func (c *client) read(r *bufio.Reader, alive time.Duration) {
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(alive * 3 / 2))
		pk, err := readPacket(r, c.version)
		var timeout net.Error
		switch {
		case c.ended():
			return
		case errors.As(err, &timeout) && timeout.Timeout():
			c.log(Silent, "")
			c.end(codeKeepAlive)
			return
		case errors.Is(err, errTooLarge):
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

// violate ends a connection because of what the client sent.
func (c *client) violate(code byte, detail string) bool {
	c.log(Violation, detail)
	c.end(code)
	return false
}

// handle serves a packet. It returns false if the connection ends.
func (c *client) handle(pk packets.Packet) bool {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		return c.publish(pk)
	case packets.Puback:
		c.broker.mu.Lock()
		c.session.acknowledge(pk.PacketID)
		c.broker.mu.Unlock()
		return true
	case packets.Subscribe:
		return c.subscribe(pk)
	case packets.Unsubscribe:
		codes := make([]byte, len(pk.Filters))
		for i, f := range pk.Filters {
			if !c.broker.unsubscribe(c.session, f.Filter) {
				codes[i] = 0x11 // no subscription existed
			}
		}
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Unsuback}, PacketID: pk.PacketID, ReasonCodes: codes})
		return true
	case packets.Pingreq:
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingresp}})
		return true
	case packets.Disconnect:
		c.left = true
		if pk.ReasonCode != 0x04 { // disconnect with will
			c.will = nil
		}
		if c.version == version5 && pk.Properties.SessionExpiryIntervalFlag {
			c.expiry = min(time.Duration(pk.Properties.SessionExpiryInterval)*time.Second, maxExpiry)
		}
		return false
	}
	return c.violate(codeProtocolError, "AWS IoT does not accept this packet")
}

// publish serves a PUBLISH. A client that may not publish is disconnected.
func (c *client) publish(pk packets.Packet) bool {
	if alias := pk.Properties.TopicAlias; alias > 0 {
		switch {
		case alias > maxAlias:
			return c.violate(codeProtocolError, "a topic alias above 8")
		case pk.TopicName == "":
			pk.TopicName = c.aliases[alias]
		default:
			c.aliases[alias] = pk.TopicName
		}
	}
	switch {
	case pk.FixedHeader.Qos > 1:
		return c.violate(codeQoS, "QoS 2")
	case !isTopic(pk.TopicName):
		return c.violate(codeBadTopic, "AWS IoT accepts no such topic: "+pk.TopicName)
	case len(pk.Payload) > maxPayload:
		return c.violate(codeTooLarge, "a message of more than 128 KB")
	case !c.may(policy.Publish(pk.TopicName)) || pk.FixedHeader.Retain && !c.may(policy.RetainPublish(pk.TopicName)):
		c.end(codeNotAuthorized)
		return false
	}
	if pk.FixedHeader.Qos > 0 {
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID})
	}
	c.broker.publish(pk)
	return true
}

// subscribe serves a SUBSCRIBE. A client that may not subscribe is disconnected, or told so with MQTT 5.
func (c *client) subscribe(pk packets.Packet) bool {
	switch {
	case len(pk.Filters) == 0:
		return c.violate(codeProtocolError, "a SUBSCRIBE without a filter")
	case len(pk.Filters) > maxFilters:
		return c.violate(codeQuota, "more than 8 filters in a SUBSCRIBE")
	case len(pk.Properties.SubscriptionIdentifier) > 0:
		return c.violate(codeNoIdentifiers, "a subscription identifier")
	case c.broker.count(c.session, pk.Filters) > maxSubscribed:
		return c.violate(codeQuota, "more than 50 subscriptions")
	}
	codes := make([]byte, len(pk.Filters))
	var granted packets.Subscriptions
	for i, f := range pk.Filters {
		switch {
		case !isFilter(f.Filter):
			return c.violate(codeBadFilter, "AWS IoT accepts no such topic filter: "+f.Filter)
		case !c.may(policy.Subscribe(f.Filter)):
			if c.version != version5 {
				c.end(codeNotAuthorized)
				return false
			}
			codes[i] = codeNotAuthorized
			continue
		}
		f.Qos = min(f.Qos, 1)
		codes[i] = f.Qos
		granted = append(granted, f)
	}
	retained := c.broker.subscribe(c.session, granted)
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Suback}, PacketID: pk.PacketID, ReasonCodes: codes})
	c.broker.mu.Lock()
	defer c.broker.mu.Unlock()
	for _, message := range retained {
		c.session.deliver(message, message.FixedHeader.Qos)
	}
	return true
}

// receive sends a message to the client, if it may receive it. It reports whether it was sent.
func (c *client) receive(message packets.Packet) bool {
	access := c.current()
	if access.Policies.Decide(&access.Connection, policy.Receive(message.TopicName)) != policy.Allowed {
		c.broker.log(Event{
			Kind: Refused, Remote: c.remote, ClientID: c.id, Certificate: c.certificateText(), Request: policy.Receive(message.TopicName),
			Decision: access.Policies.Evaluate(&access.Connection, policy.Receive(message.TopicName)), Names: access.Names,
		})
		return false
	}
	return c.send(message)
}

// send queues a packet. A client that does not read is disconnected. It reports whether it was queued.
func (c *client) send(pk packets.Packet) bool {
	select {
	case c.out <- pk:
		return true
	case <-c.done:
		return false
	default:
		go c.end(codeQuota)
		return false
	}
}

// write writes queued packets until the connection ends.
func (c *client) write() {
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
	content, err := encode(pk, c.version)
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
		if c.version == version5 && code != codeSuccess {
			select {
			case c.out <- packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ReasonCode: code}:
			default: // it does not read
			}
		}
		close(c.done)
		_ = c.conn.SetReadDeadline(time.Now()) // ends read
	})
}
