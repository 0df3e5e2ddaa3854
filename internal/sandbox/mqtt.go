package sandbox

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// MQTT are the options of [Server.ServeMQTT].
type MQTT struct {
	// Certificate is that of the broker.
	Certificate tls.Certificate
	// Hosts are the names that clients may use in the TLS handshake. DescribeEndpoint answers the first one,
	// with the port unless that is the one of AWS IoT Core. With AnyName no name is checked.
	Hosts   []string
	AnyName bool
	// Log is called for what the operator should know; nil for no log.
	Log func(broker.Event)
	// Started, if set, receives the broker before it serves anybody.
	Started func(*broker.Broker)
}

// mqttPort is the port of AWS IoT Core for MQTT.
const mqttPort = 8883

// ServeMQTT lets registered devices connect over MQTT until ctx ends, and then returns nil. It closes the listener.
func (s *Server) ServeMQTT(ctx context.Context, listener net.Listener, o MQTT) error {
	hosts, named := o.Hosts, o.Hosts[0]
	if at, ok := listener.Addr().(*net.TCPAddr); ok && at.Port != mqttPort {
		named = net.JoinHostPort(named, strconv.Itoa(at.Port))
	}
	if o.AnyName {
		hosts = nil
	}
	b := broker.New(broker.Options{
		Registry: &access{store: s.backend.store}, Certificate: o.Certificate, Hosts: hosts,
		Log: func(e broker.Event) {
			s.noteConnection(e)
			if o.Log != nil {
				o.Log(e)
			}
		},
	})
	s.backend.serving.Store(&serving{named, b})
	defer s.backend.serving.Store(nil)
	if o.Started != nil {
		o.Started(b)
	}
	return b.Serve(ctx, listener)
}

// serving is a broker and the host that devices connect to.
type serving struct {
	host   string
	broker *broker.Broker
}

type deleteConnectionRequest struct {
	ClientID     string `json:"-" path:"clientId"`
	CleanSession string `json:"-" query:"cleanSession"`
	PreventWill  string `json:"-" query:"preventWillMessage"`
}

// Subject returns the client ID.
func (in *deleteConnectionRequest) Subject() string { return in.ClientID }

var bindDeleteConnection = binder[deleteConnectionRequest]()

// deleteConnection ends the connection of a client.
func deleteConnection(b backend, c *call) (any, error) {
	in, err := bindDeleteConnection(c)
	if err != nil {
		return nil, err
	}
	at := b.serving.Load()
	is := func(text string) bool { return strings.EqualFold(text, "true") } // the developer guide has TRUE, SDKs send true
	if at == nil || !at.broker.Disconnect(in.ClientID, is(in.CleanSession), is(in.PreventWill)) {
		return nil, registry.Refuse(http.StatusNotFound, "ResourceNotFoundException", "The client %s is not connected",
			registry.Shorten(in.ClientID))
	}
	c.changed = true
	return struct{}{}, nil
}

// noteConnection records in the index that the device of a thing has connected or disconnected.
func (s *Server) noteConnection(e broker.Event) {
	if e.Kind != broker.Connected && e.Kind != broker.Disconnected {
		return
	}
	// A client whose ID is not the name of a thing is not in the index, as with AWS.
	_ = s.SetConnected(e.ClientID, e.Kind == broker.Connected, e.Detail)
}

// maxCompiled is the number of sets of policies that are kept.
const maxCompiled = 1000

// access is a [broker.Registry].
type access struct {
	store *registry.Store

	mu       sync.Mutex
	compiled map[string]*policy.Policies
}

func (a *access) Version() (version uint64) {
	a.store.View(func(st *registry.State) { version = st.Version() })
	return version
}

func (a *access) Access(id manifest.CertificateID, clientID string) (broker.Access, bool) {
	var found registry.Access
	var ok bool
	a.store.View(func(st *registry.State) { found, ok = st.Access(id, clientID) })
	return broker.Access{Status: found.Status, Connection: found.Connection, Policies: a.compile(found), Names: found.Names}, ok
}

// compile compiles documents, or returns them if they are known. A document that the registry accepted
// before it checked them allows nothing.
func (a *access) compile(found registry.Access) *policy.Policies {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.compiled[found.Version]; known != nil {
		return known
	}
	var documents []*policy.Document
	for _, text := range found.Documents {
		document, err := policy.Parse(text)
		if err != nil {
			document = &policy.Document{}
		}
		documents = append(documents, document)
	}
	if a.compiled == nil || len(a.compiled) >= maxCompiled {
		a.compiled = map[string]*policy.Policies{}
	}
	a.compiled[found.Version] = policy.Compile(documents...)
	return a.compiled[found.Version]
}
