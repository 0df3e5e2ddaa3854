package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"testing"
)

// A failingListener fails some times before it accepts connections.
type failingListener struct {
	net.Listener
	failures int
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

// Too many connections at once must not end the broker for those that come later.
func TestServeSurvivesFailuresToAccept(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan Event, 1)
	b := New(Options{Hosts: []string{"localhost"}, Log: func(e Event) { refused <- e }})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx, &failingListener{listener, 1}) }()
	if _, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{ServerName: "elsewhere"}); err == nil {
		t.Error("another name was accepted")
	}
	if e := <-refused; e.Kind != WrongSNI {
		t.Errorf("the broker says %q", e.Kind)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// A listener that is closed by somebody else ends the broker.
func TestServeEndsWithItsListener(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := New(Options{}).Serve(t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
}
