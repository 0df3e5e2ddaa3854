package after_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/csv"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// serveMQTT lets the devices of a world connect.
func (w *world) serveMQTT(t *testing.T) (address string, roots *x509.CertPool) {
	t.Helper()
	authority, err := broker.LoadAuthority(filepath.Join(t.TempDir(), "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(certificate.Certificate[1])
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- w.server.ServeMQTT(ctx, listener, sandbox.MQTT{
			Certificate: certificate, Hosts: []string{"localhost"}, Log: func(e broker.Event) { t.Logf("%+v", e) },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	roots = x509.NewCertPool()
	roots.AddCert(root)
	return listener.Addr().String(), roots
}

// A stolen device stays connected after its certificate was deactivated, unless its session is ended.
func TestDeactivatedDeviceIsDisconnected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, roots := w.serveMQTT(t)
	reel, keys := filepath.Join(t.TempDir(), "reel.csv"), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), clitest.Program(t), "generate", "--vendor", "espressif", "-n", "3", "--out", reel,
		"--keys", keys).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(reel)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	name, certificate := rows[1][1], rows[1][2]
	key, err := os.ReadFile(filepath.Join(keys, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(certificate), key)
	if err != nil {
		t.Fatal(err)
	}
	id := w.importAll(t, reel)
	lost := make(chan struct{})
	device := paho.NewClient(paho.NewClientOptions().AddBroker("ssl://" + address).SetClientID(name).SetAutoReconnect(false).
		SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: []tls.Certificate{pair}}).
		SetConnectionLostHandler(func(paho.Client, error) { close(lost) }))
	connected := device.Connect()
	if connected.Wait(); connected.Error() != nil {
		t.Fatal(connected.Error())
	}

	if s, code := w.later(t, "deactivate", id); code != 0 || s.Changed != 3 || s.Calls["DeleteConnection"] != 0 {
		t.Fatalf("exit code %d, %+v", code, s)
	}
	if !device.IsConnectionOpen() {
		t.Error("deactivate without --disconnect ended the session")
	}
	// The certificates are INACTIVE already, and their sessions are ended all the same.
	s, code := w.later(t, "deactivate", id, "--disconnect")
	if code != 0 || s.Changed != 1 || s.Unchanged != 2 || s.Calls["DeleteConnection"] != 3 {
		t.Fatalf("exit code %d, %+v", code, s)
	}
	<-lost
	connected = device.Connect()
	if connected.Wait(); connected.Error() == nil {
		t.Error("a device with an INACTIVE certificate connected again")
	}
}
