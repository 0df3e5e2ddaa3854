package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/eclipse/paho.golang/packets"
	paho5 "github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/thingpress/thingpress/internal/sandbox/broker"
)

// A fleet is a sandbox with a broker, and devices that are registered there.
type fleet struct {
	*testing.T
	clients
	server  *Server
	address string
	// authority is the file with the certificate that clients trust.
	authority string
	roots     *x509.CertPool
	events    chan broker.Event

	mu   sync.Mutex
	kept []broker.Event
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	authority, err := broker.LoadAuthority(path)
	if err != nil {
		t.Fatal(err)
	}
	certificate := must[tls.Certificate](t)(authority.Issue([]string{"localhost", "127.0.0.1"}))
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	f := &fleet{
		T: t, server: open(t, Options{}), address: listener.Addr().String(), authority: path, roots: x509.NewCertPool(),
		events: make(chan broker.Event, 1000),
	}
	root := must[*x509.Certificate](t)(x509.ParseCertificate(certificate.Certificate[1]))
	f.roots.AddCert(root)
	f.clients = direct(f.server)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- f.server.ServeMQTT(ctx, listener, MQTT{
			Certificate: certificate, Hosts: []string{"localhost"}, Log: func(e broker.Event) { f.events <- e },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return f
}

// A testDevice has the key of a certificate.
type testDevice struct {
	name, id, arn string
	pair          tls.Certificate
}

// device registers a device whose certificate has a policy. Without a policy it has none.
func (f *fleet) device(name, policy string, change func(*x509.Certificate)) testDevice {
	f.Helper()
	ctx := f.Context()
	key := must[*ecdsa.PrivateKey](f)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: bigInt(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	der := must[[]byte](f)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	out := must[*iot.RegisterCertificateWithoutCAOutput](f)(f.RegisterCertificateWithoutCA(ctx,
		&iot.RegisterCertificateWithoutCAInput{CertificatePem: aws.String(encode(der)), Status: types.CertificateStatusActive}))
	_ = must[*iot.CreateThingOutput](f)(f.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
	_ = must[*iot.AttachThingPrincipalOutput](f)(f.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: &name, Principal: out.CertificateArn}))
	if policy != "" {
		_ = must[*iot.AttachPolicyOutput](f)(f.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &policy, Target: out.CertificateArn}))
	}
	return testDevice{name, *out.CertificateId, *out.CertificateArn, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
}

func (f *fleet) policy(name, statements string) string {
	f.Helper()
	document := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
	_ = must[*iot.CreatePolicyOutput](f)(f.CreatePolicy(f.Context(), &iot.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document}))
	return name
}

func (f *fleet) dial(d testDevice, server string) (net.Conn, error) {
	config := &tls.Config{RootCAs: f.roots, ServerName: server, Certificates: []tls.Certificate{d.pair}}
	if server == "" {
		config.InsecureSkipVerify = true // a client without a server name can verify nothing
	}
	return (&tls.Dialer{Config: config}).DialContext(f.Context(), "tcp", f.address)
}

// wait waits for an event of a kind.
func (f *fleet) wait(kind broker.Kind, clientID string) broker.Event {
	f.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	is := func(e broker.Event) bool { return e.Kind == kind && (clientID == "" || e.ClientID == clientID) }
	if i := slices.IndexFunc(f.kept, is); i >= 0 {
		e := f.kept[i]
		f.kept = slices.Delete(f.kept, i, i+1)
		return e
	}
	for {
		select {
		case e := <-f.events:
			if is(e) {
				return e
			}
			f.kept = append(f.kept, e)
		case <-f.Context().Done():
			f.Fatalf("no event %s of %s", kind, clientID)
		}
	}
}

// A witness is a client of others: Paho for MQTT 3.1.1, and Paho for MQTT 5.
type witness interface {
	connect(f *fleet, d testDevice, clientID string, o sessionOptions) error
	publish(topic string, retain bool) error
	subscribe(filter string) error
	disconnect()
	messages() <-chan string // topics
	ended() <-chan struct{}
}

type sessionOptions struct {
	persistent bool
	will       string
}

type witness3 struct {
	client   paho3.Client
	received chan string
	lost     chan struct{}
}

func (w *witness3) connect(f *fleet, d testDevice, clientID string, o sessionOptions) error {
	w.received, w.lost = make(chan string, 100), make(chan struct{})
	options := paho3.NewClientOptions().AddBroker("ssl://localhost").SetClientID(clientID).SetAutoReconnect(false).SetConnectRetry(false).
		SetCleanSession(!o.persistent).SetProtocolVersion(4).SetConnectTimeout(time.Minute).SetOrderMatters(true)
	options.SetCustomOpenConnectionFn(func(_ *url.URL, _ paho3.ClientOptions) (net.Conn, error) { return f.dial(d, "localhost") })
	options.SetDefaultPublishHandler(func(_ paho3.Client, m paho3.Message) { w.received <- m.Topic() })
	options.SetConnectionLostHandler(func(paho3.Client, error) { close(w.lost) })
	if o.will != "" {
		options.SetWill(o.will, "gone", 1, false)
	}
	w.client = paho3.NewClient(options)
	token := w.client.Connect()
	token.Wait()
	return token.Error()
}

// settle waits until a request is acknowledged, or the connection ends.
func (w *witness3) settle(token paho3.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-w.lost:
		return errors.New("disconnected")
	}
}

func (w *witness3) publish(topic string, retain bool) error {
	return w.settle(w.client.Publish(topic, 1, retain, "content"))
}

func (w *witness3) subscribe(filter string) error {
	token := w.client.Subscribe(filter, 1, nil)
	if err := w.settle(token); err != nil {
		return err
	}
	for _, code := range token.(*paho3.SubscribeToken).Result() {
		if code == 0x80 {
			return errors.New("refused")
		}
	}
	return nil
}

func (w *witness3) disconnect()             { w.client.Disconnect(100) }
func (w *witness3) messages() <-chan string { return w.received }
func (w *witness3) ended() <-chan struct{}  { return w.lost }

type witness5 struct {
	client   *paho5.Client
	received chan string
	fleet    *fleet
}

func (w *witness5) connect(f *fleet, d testDevice, clientID string, o sessionOptions) error {
	conn, err := f.dial(d, "localhost")
	if err != nil {
		return err
	}
	w.fleet, w.received = f, make(chan string, 100)
	w.client = paho5.NewClient(paho5.ClientConfig{
		// The client writes its pings concurrently with other packets, and a packet with several calls.
		ClientID: clientID, Conn: packets.NewThreadSafeConn(conn), PacketTimeout: time.Minute,
		OnPublishReceived: []func(paho5.PublishReceived) (bool, error){func(p paho5.PublishReceived) (bool, error) {
			w.received <- p.Packet.Topic
			return true, nil
		}},
	})
	in := &paho5.Connect{ClientID: clientID, KeepAlive: 30, CleanStart: !o.persistent}
	if o.persistent {
		expiry := uint32(600)
		in.Properties = &paho5.ConnectProperties{SessionExpiryInterval: &expiry}
	}
	if o.will != "" {
		in.WillMessage = &paho5.WillMessage{Topic: o.will, Payload: []byte("gone"), QoS: 1}
	}
	_, err = w.client.Connect(f.Context(), in)
	return err
}

func (w *witness5) publish(topic string, retain bool) error {
	return w.settle(func(ctx context.Context) error {
		_, err := w.client.Publish(ctx, &paho5.Publish{Topic: topic, QoS: 1, Retain: retain, Payload: []byte("content")})
		return err
	})
}

func (w *witness5) subscribe(filter string) error {
	return w.settle(func(ctx context.Context) error {
		_, err := w.client.Subscribe(ctx, &paho5.Subscribe{Subscriptions: []paho5.SubscribeOptions{{Topic: filter, QoS: 1}}})
		return err
	})
}

func (w *witness5) settle(ask func(context.Context) error) error {
	ctx, cancel := context.WithCancel(w.fleet.Context())
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- ask(ctx) }()
	select {
	case err := <-answered:
		return err
	case <-w.client.Done():
		return errors.New("disconnected")
	}
}

func (w *witness5) disconnect()             { _ = w.client.Disconnect(&paho5.Disconnect{}) }
func (w *witness5) messages() <-chan string { return w.received }
func (w *witness5) ended() <-chan struct{}  { return w.client.Done() }

var witnesses = map[string]func() witness{
	"MQTT 3.1.1": func() witness { return &witness3{} },
	"MQTT 5":     func() witness { return &witness5{} },
}

// withWitnesses runs a test with each of them, in a sandbox of its own.
func withWitnesses(t *testing.T, test func(f *fleet, create func() witness)) {
	t.Helper()
	for version, create := range witnesses {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			test(newFleet(t), create)
		})
	}
}
