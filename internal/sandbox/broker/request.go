package broker

import (
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/policy"
)

// violate ends a connection because of what the client sent.
func (c *client) violate(code byte, detail string) bool {
	c.log(Violation, detail)
	c.end(code)
	return false
}

// handle serves a packet. It returns false if the connection ends.
func (c *client) handle(pk packets.Packet) bool {
	if pk.FixedHeader.Qos > 0 && pk.PacketID == 0 {
		return c.violate(codeProtocolError, "a packet without an identifier")
	}
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
		if c.version == mqtt.Version5 && pk.Properties.SessionExpiryIntervalFlag {
			c.expiry = min(time.Duration(pk.Properties.SessionExpiryInterval)*time.Second, maxExpiry)
		}
		return false
	}
	return c.violate(codeProtocolError, "AWS IoT does not accept this packet")
}

// publish serves a PUBLISH. A client that may not publish is disconnected, unless MQTT 5 has an answer that
// says so, which AWS IoT documents: PUBACK 0x87. Messages above the rate are discarded.
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
	case len(pk.Payload) > mqtt.MaxPayload:
		return c.violate(codeTooLarge, "a message of more than 128 KB")
	case c.isTooFast(time.Now()):
		return true
	case !c.may(policy.Publish(pk.TopicName)) || pk.FixedHeader.Retain && !c.may(policy.RetainPublish(pk.TopicName)):
		if c.version != mqtt.Version5 || pk.FixedHeader.Qos == 0 {
			c.end(codeNotAuthorized)
			return false
		}
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID, ReasonCode: codeNotAuthorized})
		return true
	}
	if pk.FixedHeader.Qos > 0 {
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID})
	}
	c.broker.publish(pk)
	return true
}

// isTooFast counts a message, and reports whether the client has published as many as AWS IoT accepts of a
// connection in a second. AWS IoT discards the others, and acknowledges none of them (quotas, "Publish
// requests per second per connection").
func (c *client) isTooFast(now time.Time) bool {
	if now.Sub(c.second) >= time.Second {
		c.second, c.published = now, 0
	}
	if c.published++; c.published == maxPublishes+1 {
		c.log(Throttled, "")
	}
	return c.published > maxPublishes
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
			if c.version != mqtt.Version5 {
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
