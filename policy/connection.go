package policy

import (
	"net/netip"
	"time"
)

// A Connection is a client that has connected, or is about to: what policy variables and the keys
// of conditions take their values from.
type Connection struct {
	// Target completes the ARN of a request that has none.
	Target Target
	// ClientID is the client ID that the client connects with.
	ClientID string
	// Certificate is the certificate that the client presents, or nil if it is not known.
	Certificate *Certificate
	// Things are the things that the certificate is attached to.
	Things []Thing
	// OtherThing is true if the client ID is the name of a thing that the certificate is not
	// attached to.
	OtherThing bool
	// Transport is [MQTT] or [HTTP]. The zero value is MQTT.
	Transport Transport
	// SourceIP is the address of the client. The zero value is an unknown address.
	SourceIP netip.Addr
	// DomainName is the host name that the client sends in the TLS handshake; may be empty.
	DomainName string
	// Will is the topic of the client's will, or empty if it has none.
	Will string
	// Persistent is true if the client asks for a persistent session.
	Persistent bool
	// Time is the time of the request. The zero value is an unknown time.
	Time time.Time
}

// A Target is where a device connects to.
type Target struct {
	// Partition is the partition. The zero value is aws.
	Partition string
	Region    string
	Account   string
}

// A Thing is a thing of the registry, as far as policies can ask for it.
type Thing struct {
	Name string
	// Type is the name of the thing type, or empty.
	Type       string
	Attributes map[string]string
	// Exclusive is true if the certificate is attached with the principal type EXCLUSIVE_THING.
	Exclusive bool
}

// A Transport is the protocol of a connection. MQTT over WebSocket is [MQTT].
type Transport string

// The transports.
const (
	MQTT Transport = "mqtt"
	HTTP Transport = "http"
)

// Thing returns the thing that the connection belongs to, or nil. It is the thing that the
// certificate is attached to exclusively, whatever the client ID is, and otherwise an attached
// thing whose name is the client ID (developer guide, "Thing policy variables" and "Exclusive
// thing"). If it is nil, iot:Connection.Thing.IsAttached is false and the other variables of
// things are not substituted.
func (c *Connection) Thing() *Thing {
	for i := range c.Things {
		if c.Things[i].Exclusive {
			return &c.Things[i]
		}
	}
	for i := range c.Things {
		if c.Things[i].Name == c.ClientID {
			return &c.Things[i]
		}
	}
	return nil
}

// A Request is an action on one resource.
type Request struct {
	// Action is an action such as iot:Publish.
	Action string
	// Resource is an ARN, or what follows the account in an ARN, such as topic/a/b. It is taken
	// literally. If it is empty it is the client ID of the connection, which iot:Connect needs.
	Resource string
}

// Connect asks for a connection with the client ID of the [Connection]. A client with a will
// needs [Publish] on the topic of the will too, and [RetainPublish] if the will is retained.
func Connect() Request { return Request{Action: "iot:Connect"} }

// Publish asks for a message to a topic.
func Publish(topic string) Request { return Request{"iot:Publish", "topic/" + topic} }

// RetainPublish asks for a message to be retained. The client needs [Publish] as well.
func RetainPublish(topic string) Request { return Request{"iot:RetainPublish", "topic/" + topic} }

// Subscribe asks for a subscription to a topic filter.
func Subscribe(filter string) Request { return Request{"iot:Subscribe", "topicfilter/" + filter} }

// Receive asks for a message of a topic to be delivered. AWS IoT asks for each message.
func Receive(topic string) Request { return Request{"iot:Receive", "topic/" + topic} }
