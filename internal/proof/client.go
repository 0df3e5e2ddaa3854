package proof

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/mqtt"
)

const (
	// keepAlive is longer than a client of this package waits for anything.
	keepAlive = 60
	// sessionExpiry is how many seconds a persistent session of MQTT 5 is to be kept. AWS IoT keeps those of
	// MQTT 3.1.1 for an hour.
	sessionExpiry = 3600
	// firstRefusing is the first reason code that refuses.
	firstRefusing = 0x80
)

// A Login is how a device connects.
type Login struct {
	Certificate tls.Certificate
	ClientID    string
	// Version is [mqtt.Version311] or [mqtt.Version5].
	Version byte
	// Persistent asks for a persistent session. Otherwise an earlier session of the client ID is discarded.
	Persistent bool
	// Will is the topic of the will; empty for none.
	Will        string
	WillPayload []byte
}

// A Client is the connection of one device. It is not safe for concurrent use.
type Client struct {
	broker  *Broker
	conn    net.Conn
	reader  *bufio.Reader
	version byte
	last    uint16 // packet ID
	stop    func() bool

	expected []byte // the payload of the message to wait for; nil for none
	topic    string
	arrived  bool
}

// Connect connects a device. The error is a *[RefusedError], an *[UntrustedError], or about the network. The
// connection is closed if ctx ends. The caller must close the client.
func (b *Broker) Connect(ctx context.Context, l Login) (*Client, error) {
	conn, err := b.dial(ctx, l.Certificate)
	if err != nil {
		return nil, err
	}
	c := &Client{broker: b, conn: conn, reader: bufio.NewReader(conn), version: l.Version}
	c.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	connect := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Connect},
		Connect: packets.ConnectParams{
			ProtocolName: []byte("MQTT"), ClientIdentifier: l.ClientID, Keepalive: keepAlive, Clean: !l.Persistent,
			WillFlag: l.Will != "", WillTopic: l.Will, WillPayload: l.WillPayload,
		},
	}
	if l.Persistent && l.Version == mqtt.Version5 {
		connect.Properties.SessionExpiryInterval, connect.Properties.SessionExpiryIntervalFlag = sessionExpiry, true
	}
	answer, err := c.ask(connect, packets.Connack, "the connection was closed without CONNACK")
	if err == nil && answer.ReasonCode != 0 {
		err = &RefusedError{Saw: saw(answer, answer.ReasonCode, c.version), Ended: true}
	}
	if err != nil {
		c.drop()
		return nil, err
	}
	return c, nil
}

// Publish publishes a message with QoS 1. The error is a *[RefusedError], or about the network.
func (c *Client) Publish(topic string, payload []byte, retain bool) error {
	answer, err := c.ask(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1, Retain: retain},
		TopicName:   topic, Payload: payload, PacketID: c.next(),
	}, packets.Puback, "the connection was closed without PUBACK")
	if err == nil && answer.ReasonCode >= firstRefusing {
		err = &RefusedError{Saw: saw(answer, answer.ReasonCode, c.version)}
	}
	return err
}

// Subscribe subscribes to a topic filter with QoS 1. The error is a *[RefusedError], or about the network.
func (c *Client) Subscribe(filter string) error {
	answer, err := c.ask(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe}, PacketID: c.next(),
		Filters: packets.Subscriptions{{Filter: filter, Qos: 1}},
	}, packets.Suback, "the connection was closed without SUBACK")
	if err == nil && (len(answer.ReasonCodes) != 1 || answer.ReasonCodes[0] >= firstRefusing) {
		code := byte(firstRefusing)
		if len(answer.ReasonCodes) == 1 {
			code = answer.ReasonCodes[0]
		}
		err = &RefusedError{Saw: saw(answer, code, c.version)}
	}
	return err
}

// Receive has a message sent to a topic that the client has subscribed to, and waits for it. The payload must
// be like that of no other message. Send publishes it; its error ends Receive. Without the message the
// error is a *[RefusedError].
func (c *Client) Receive(topic string, payload []byte, send func() error) error {
	c.topic, c.expected, c.arrived = topic, payload, false
	defer func() { c.expected = nil }()
	if err := send(); err != nil {
		return err
	}
	if !c.arrived {
		_, err := c.ask(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}}, packets.Pingresp,
			"the connection was closed without PINGRESP")
		if err != nil {
			return err
		}
	}
	for end := time.Now().Add(c.broker.Late); !c.arrived; {
		_ = c.conn.SetReadDeadline(end) // an error shows in the next read
		pk, err := mqtt.Read(c.reader, c.version)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return &RefusedError{Saw: "the message did not arrive"}
		case err != nil:
			return ended(err, "the connection was closed before the message arrived")
		}
		if err := c.note(pk); err != nil {
			return err
		}
	}
	return nil
}

// Close disconnects. The broker does not publish the will.
func (c *Client) Close() {
	if content, err := mqtt.Encode(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}}, c.version); err == nil {
		_ = c.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
		_, _ = c.conn.Write(content) // a connection that is gone needs no DISCONNECT
	}
	c.drop()
}

func (c *Client) drop() {
	c.stop()
	_ = c.conn.Close()
}

func (c *Client) next() uint16 {
	c.last++
	return c.last
}

// ask sends a packet and returns the answer of a type. Closed describes that there was none.
func (c *Client) ask(pk packets.Packet, want byte, closed string) (packets.Packet, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(answerTimeout)) // an error shows in the next read
	if err := c.send(pk); err != nil {
		// A broker that closed the connection may have said why.
		if answer, said := mqtt.Read(c.reader, c.version); said == nil {
			if err := c.note(answer); err != nil {
				return answer, err
			}
		}
		return packets.Packet{}, ended(err, closed)
	}
	for {
		answer, err := mqtt.Read(c.reader, c.version)
		if err != nil {
			return answer, ended(err, closed)
		}
		if answer.FixedHeader.Type == want && answer.PacketID == pk.PacketID {
			return answer, nil
		}
		if err := c.note(answer); err != nil {
			return answer, err
		}
	}
}

func (c *Client) send(pk packets.Packet) error {
	content, err := mqtt.Encode(pk, c.version)
	if err != nil {
		return fmt.Errorf("%s: %w", packets.PacketNames[pk.FixedHeader.Type], err)
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	_, err = c.conn.Write(content)
	return err
}

// note takes a packet that answers nothing. Only the expected message is acknowledged: others are for the
// device whose session this is, which gets them again.
func (c *Client) note(pk packets.Packet) error {
	switch pk.FixedHeader.Type {
	case packets.Disconnect:
		return &RefusedError{Saw: saw(pk, pk.ReasonCode, c.version), Ended: true}
	case packets.Publish:
		if c.expected == nil || pk.TopicName != c.topic || !bytes.Equal(pk.Payload, c.expected) {
			return nil
		}
		c.arrived = true
		if pk.FixedHeader.Qos > 0 {
			return c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID})
		}
	}
	return nil
}
