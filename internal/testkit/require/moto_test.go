package require

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMotoNamesCertificatesAsAWSDoes(t *testing.T) {
	t.Parallel()
	moto := Moto(t)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "device"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	body, err := json.Marshal(map[string]string{"certificatePem": text, "status": "ACTIVE"})
	if err != nil {
		t.Fatal(err)
	}
	url := moto.URL + "/certificate/register-no-ca"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(
		"Authorization",
		"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=0",
	)
	req.Header.Set("X-Amz-Date", "20260101T000000Z")
	req.Host = "iot.eu-west-1.amazonaws.com"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ CertificateID string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	if want := hex.EncodeToString(sum[:]); answer.CertificateID != want {
		t.Errorf("%s: certificate ID %q, want the SHA-256 of the DER, %s", resp.Status, answer.CertificateID, want)
	}
}

// Not parallel: a fork elsewhere while the script is being written would make it busy.
func TestMotoThatCannotStartSaysWhy(t *testing.T) {
	python := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\necho 'Traceback' >&2\necho 'moto 4.0.0 is not 5.2.1' >&2\nexit 1\n"
	if err := os.WriteFile(python, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := startMoto(t, python); err == nil || err.Error() != "moto 4.0.0 is not 5.2.1" {
		t.Errorf("error %v, want the interpreter's last line", err)
	}
}

func TestLogAnnouncesTheAddressOnceAndStaysSmall(t *testing.T) {
	t.Parallel()
	log := &serverLog{pattern: motoAddress, address: make(chan string, 1)}
	for _, part := range []string{
		"WARNING: development server\n * Running on http://127.0.0.1:41", "873\nPress CTRL+C\n", " * Running on http://127.0.0.1:9\n",
	} {
		if _, err := log.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-log.address; got != "41873" {
		t.Errorf("address %q: announced before the line was complete", got)
	}
	for range 3 {
		if _, err := log.Write(make([]byte, serverLogLimit)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(log.String()); n != serverLogLimit {
		t.Errorf("log has %d bytes, want at most %d", n, serverLogLimit)
	}
}
