package target

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"path/filepath"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/internal/xdg"
)

// AuthorityPath returns the file with the authority that devices of a sandbox of this machine trust, unless
// another one is named.
func AuthorityPath() (string, error) {
	dir, err := xdg.StateDir()
	return filepath.Join(dir, "sandbox-ca.pem"), err
}

// A ServedBroker is the broker of the embedded sandbox.
type ServedBroker struct {
	// Host and Port are where devices connect, and Roots what they trust.
	Host  string
	Port  int
	Roots *x509.CertPool
	// Publish sends a message to devices.
	Publish func(topic string, payload []byte)
	// Stop disconnects the devices. It must be called once.
	Stop func() error
}

// ServeBroker lets devices connect to the embedded sandbox, from this machine.
func (c *Connection) ServeBroker(ctx context.Context) (*ServedBroker, error) {
	if c.embedded == nil {
		return nil, errors.New("the target is not the embedded sandbox")
	}
	authority, err := broker.NewAuthority()
	if err != nil {
		return nil, err
	}
	const host = "localhost"
	certificate, err := authority.Issue([]string{host})
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	started, ended := make(chan *broker.Broker, 1), make(chan error, 1)
	go func() {
		ended <- c.embedded.ServeMQTT(serving, listener, sandbox.MQTT{
			Certificate: certificate, Hosts: []string{host}, Started: func(b *broker.Broker) { started <- b },
		})
	}()
	served := &ServedBroker{Host: host, Port: listener.Addr().(*net.TCPAddr).Port, Roots: authority.Pool(), Stop: func() error {
		stop()
		return <-ended
	}}
	served.Publish = (<-started).Publish
	return served, nil
}
