package prove

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/internal/proof"
	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/policy"
)

// A stubborn is a broker that closes some connections at CONNECT and accepts the others.
func stubborn(t *testing.T, closes int32) *proof.Broker {
	t.Helper()
	authority := must[*broker.Authority](t)(broker.NewAuthority())
	certificate := must[tls.Certificate](t)(authority.Issue([]string{"localhost"}))
	listener := must[net.Listener](t)(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAnyClientCert,
	}))
	t.Cleanup(func() { _ = listener.Close() })
	var left atomic.Int32
	left.Store(closes)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				reader := bufio.NewReader(conn)
				if head := make([]byte, 2); !readAll(reader, head) || !readAll(reader, make([]byte, head[1])) || left.Add(-1) >= 0 {
					return
				}
				_, _ = conn.Write([]byte{0x20, 2, 0, 0})
				_, _ = io.Copy(io.Discard, reader)
			}()
		}
	}()
	return &proof.Broker{
		Host: "localhost", At: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Roots: authority.Pool(),
	}
}

func readAll(r io.Reader, into []byte) bool {
	_, err := io.ReadFull(r, into)
	return err == nil
}

func deviceCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "d"}, NotAfter: time.Now().Add(time.Hour)}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// In AWS the network, or the device in the field that comes back, may close a connection: only a repetition
// shows that it is a refusal.
func TestClosedConnectionIsARefusalInAWSIfItRepeats(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		closes int32
		isAWS  bool
		want   state
	}{
		"once in AWS":      {1, true, allowed},
		"twice in AWS":     {2, true, refused},
		"once in sandbox":  {1, false, refused},
		"never in sandbox": {0, false, allowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connect := must[verdict.Request](t)(verdict.ParseRequest("connect"))
			d := &dialogue{
				prover: &prover{broker: stubborn(t, test.closes), isAWS: test.isAWS, asked: asked{requests: []verdict.Request{connect}}},
				login:  proof.Login{Certificate: deviceCertificate(t), ClientID: "d", Version: mqtt.Version311},
				connection: policy.Connection{
					ClientID: "d", Things: []policy.Thing{{Name: "d"}},
				},
				wanted: []policy.Request{policy.Connect()}, answers: make(answers, 1),
			}
			for tries := 0; d.next < len(d.wanted); tries++ {
				if err := d.converse(t.Context()); err != nil || tries > 3 {
					t.Fatalf("attempt %d: %v", tries, err)
				}
			}
			if got := d.answers[0]; got.state != test.want {
				t.Errorf("state %d (%s), want %d", got.state, got.saw, test.want)
			}
		})
	}
}

// A certificate that only Go refuses must not look like one that AWS refuses.
func TestRefusalInTheHandshakeIsNamedForWhatItIs(t *testing.T) {
	t.Parallel()
	for alert, want := range map[string][2]string{
		"TLS alert: error decoding message":  {string(proof.ReasonSandboxCannot), string(proof.ReasonRefusedHandshake)},
		"TLS alert: unsupported certificate": {string(proof.ReasonSandboxCannot), string(proof.ReasonRefusedHandshake)},
		"TLS alert: internal error":          {string(proof.ReasonRefusedHandshake), string(proof.ReasonRefusedHandshake)},
	} {
		for i, isAWS := range []bool{false, true} {
			d := &dialogue{
				prover:     &prover{isAWS: isAWS, asked: asked{requests: []verdict.Request{must[verdict.Request](t)(verdict.ParseRequest("connect"))}}},
				connection: policy.Connection{ClientID: "d", Things: []policy.Thing{{Name: "d"}}}, wanted: []policy.Request{policy.Connect()},
			}
			got := d.refusal(&proof.RefusedError{Saw: alert, Handshake: true, Ended: true})
			if string(got.reason) != want[i] || isAWS && strings.Contains(got.why, "AWS may") {
				t.Errorf("%s, AWS %v: %s, %s", alert, isAWS, got.reason, got.why)
			}
		}
	}
}

// A broker with the certificate of somebody else must not get the messages of devices.
func TestBrokerIsVerified(t *testing.T) {
	t.Parallel()
	b := *stubborn(t, 0)
	b.Roots = must[*broker.Authority](t)(broker.NewAuthority()).Pool()
	login := proof.Login{Certificate: deviceCertificate(t), ClientID: "d", Version: mqtt.Version311}
	var untrusted *proof.UntrustedError
	if _, err := b.Connect(t.Context(), login); !errors.As(err, &untrusted) {
		t.Errorf("error %v", err)
	}
	b = *stubborn(t, 0)
	b.Host, b.At = "elsewhere", "127.0.0.1"
	if _, err := b.Connect(t.Context(), login); !errors.As(err, &untrusted) {
		t.Errorf("another name: error %v", err)
	}
}
