package broker

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/policy"
)

// logHandshake logs why a handshake failed.
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
	if code := pk.ConnectValidate(); code.Code != codeSuccess || c.version < mqtt.Version31 || c.version > mqtt.Version5 {
		c.log(Violation, code.Reason)
		return c.refuse(unsupportedIn31, codeUnsupported)
	}
	c.id = pk.Connect.ClientIdentifier
	if c.id == "" {
		if c.version != mqtt.Version5 && !pk.Connect.Clean {
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
	if c.version == mqtt.Version5 {
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
	case !isTopic(c.said.Will) || len(pk.Connect.WillPayload) > mqtt.MaxPayload:
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

// checkCertificate reports whether the certificate may be used at all, or how the refusal is to be logged.
func (c *client) checkCertificate() (Kind, bool) {
	now := time.Now()
	switch status := c.current().Status; {
	case status == "":
		return Unregistered, false
	case status != "ACTIVE":
		return Inactive, false
	case now.Before(c.leafDates[0]) || now.After(c.leafDates[1]):
		return Expired, false
	}
	return "", true
}

// refuse answers a CONNECT that is refused, and returns false. A code of 0 stands for no answer.
func (c *client) refuse(code31, code5 byte) bool {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: code31}
	if c.version == mqtt.Version5 {
		pk.ReasonCode = code5
	}
	if pk.ReasonCode != 0 {
		c.writeNow(pk)
	}
	return false
}

// welcome sends the CONNACK, and then what a resumed session missed.
func (c *client) welcome(pk packets.Packet) {
	p := &pk.Properties
	answer := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}}
	c.expiry = 0
	switch {
	case c.version == mqtt.Version5:
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
		a.MaximumPacketSize, a.TopicAliasMaximum, a.ReceiveMaximum = mqtt.MaxPacket, maxAlias, maxInFlight
		a.ServerKeepAlive, a.ServerKeepAliveFlag = uint16(keepAlive(pk.Connect.Keepalive)/time.Second), true
		if pk.Connect.ClientIdentifier == "" {
			a.AssignedClientID = c.id
		}
	case !pk.Connect.Clean:
		c.expiry = defaultExpiry
	}
	c.broker.attach(c, pk.Connect.Clean, answer)
	c.announce("connected")
}

// keepAlive returns the keep-alive that AWS IoT uses for the one that a client asks for.
func keepAlive(seconds uint16) time.Duration {
	if seconds == 0 {
		return maxKeepAlive
	}
	return max(minKeepAlive, min(time.Duration(seconds)*time.Second, maxKeepAlive))
}
