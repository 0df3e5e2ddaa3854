package sandbox

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// Clients that devices in the field use must be allowed and refused the same.
func TestBrokerDecidesForEveryClient(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *require.MQTTClient{
		"awsiotsdk": require.AWSIoTSDK, "AWSIoTPythonSDK": require.AWSIoTPythonSDK, "MQTT.js": require.MQTTJS, "mosquitto": require.Mosquitto,
	} {
		for _, version := range []int{4, 5} {
			if name == "AWSIoTPythonSDK" && version == 5 {
				continue // it speaks only MQTT 3.1.1
			}
			t.Run(name+" "+strconv.Itoa(version), func(t *testing.T) {
				t.Parallel()
				client := start(t)
				f := newFleet(t)
				f.decides(func(c brokerCase) error { return f.perform(client, version, c) })
			})
		}
	}
}

// perform has a client make a request.
func (f *fleet) perform(client *require.MQTTClient, version int, c brokerCase) error {
	f.Helper()
	_, port, err := net.SplitHostPort(f.address)
	if err != nil {
		f.Fatal(err)
	}
	r := require.MQTTRequest{
		Host: "localhost", CA: f.authority, Version: version, ClientID: c.clientID, Will: c.will, Action: c.action, Topic: c.topic,
	}
	r.Port, _ = strconv.Atoi(port)
	r.Certificate, r.Key = f.files(c.device)
	if r.Topic == "" {
		r.Topic = "all" // mosquitto_pub does not only connect
	}
	if refused := client.Perform(r); refused != "" {
		return errors.New(refused)
	}
	return nil
}

// files returns the certificate of a device and its key as files.
func (f *fleet) files(d testDevice) (certificate, key string) {
	f.Helper()
	dir := f.TempDir()
	certificate, key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	content := must[[]byte](f)(x509.MarshalECPrivateKey(d.pair.PrivateKey.(*ecdsa.PrivateKey)))
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: d.pair.Certificate[0]}, key: {Type: "EC PRIVATE KEY", Bytes: content},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	return certificate, key
}
