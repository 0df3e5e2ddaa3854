package proof

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Ports of AWS IoT Core for MQTT with a client certificate (developer guide, "Device communication
// protocols"). At [PortALPN] the client has to name the protocol in the TLS handshake.
const (
	Port     = 8883
	PortALPN = 443
	alpn     = "x-amzn-mqtt-ca"
)

// answerTimeout is how long a broker may take to answer.
const answerTimeout = 30 * time.Second

// A Broker is where devices connect. It is safe for concurrent use and must not be changed after its first
// use.
type Broker struct {
	// Host is the server name that the broker's certificate must have. At is the address to connect to; if it
	// is empty it is that of Host.
	Host, At string
	Port     int
	// Roots are the authorities that are trusted; nil for those of the system.
	Roots *x509.CertPool
	// Late is how much later than its answer to a PINGREQ the broker may deliver a message. A broker that
	// is not distributed delivers all messages earlier.
	Late time.Duration
	// Inject publishes a message on behalf of the operator; nil if that is impossible. A device can then
	// be sent a message without publishing it itself.
	Inject func(topic string, payload []byte)
}

// Address returns host and port for a dialer.
func (b *Broker) Address() string {
	return net.JoinHostPort(cmp.Or(b.At, b.Host), strconv.Itoa(b.Port))
}

// A RefusedError is what a device sees of a refusal.
type RefusedError struct {
	// Saw is what arrived, such as "CONNACK 0x87 (not authorized)".
	Saw string
	// Handshake is true if the broker refused the certificate in the TLS handshake.
	Handshake bool
	// Ended is true if the broker ended the connection, and Closed if it did so without an answer: then it may
	// also have ended for another reason.
	Ended, Closed bool
}

// Error returns what arrived.
func (e *RefusedError) Error() string { return e.Saw }

// An UntrustedError reports that the broker's certificate cannot be verified.
type UntrustedError struct{ Err error }

// Error returns the cause.
func (e *UntrustedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UntrustedError) Unwrap() error { return e.Err }

// Reach returns an error if nothing accepts connections at the broker's address.
func (b *Broker) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.Address())
	if err != nil {
		return err
	}
	return conn.Close()
}

// dial connects over TLS with a client certificate.
func (b *Broker) dial(ctx context.Context, certificate tls.Certificate) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	config := &tls.Config{RootCAs: b.Roots, ServerName: b.Host, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if b.Port == PortALPN {
		config.NextProtos = []string{alpn}
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", b.Address())
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		var untrusted *tls.CertificateVerificationError
		var noTLS tls.RecordHeaderError
		if errors.As(err, &untrusted) || errors.As(err, &noTLS) {
			return nil, &UntrustedError{err}
		}
		return nil, refusedInHandshake(err)
	}
	return conn, nil
}

// refusedInHandshake returns a *[RefusedError] if err is an alert of the broker, and otherwise err. With TLS 1.3
// a server looks at the certificate when the handshake is over for the client.
func refusedInHandshake(err error) error {
	var remote *net.OpError
	if errors.As(err, &remote) && remote.Op == "remote error" {
		alert := strings.TrimPrefix(remote.Err.Error(), "tls: ")
		return &RefusedError{Saw: "TLS alert: " + alert, Handshake: true, Ended: true}
	}
	return err
}

// ended returns the *[RefusedError] of a connection that the broker closed, or err if it ended otherwise.
func ended(err error, saw string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return &RefusedError{Saw: saw, Ended: true, Closed: true}
	}
	return refusedInHandshake(err)
}
