package sandbox

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// post makes a call with a JSON body and returns status and body.
func post(t *testing.T, s *Server, path string, body any) (int, string) {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+path,
		bytes.NewReader(marshal(body))))
	request.Header.Set("Content-Type", "application/json")
	response := must[*http.Response](t)(Transport(s).RoundTrip(request))
	defer response.Body.Close()
	return response.StatusCode, string(must[[]byte](t)(io.ReadAll(response.Body)))
}

// A task whose reports do not fit into the state must end all the same.
func TestTaskWithLongReportsEnds(t *testing.T) {
	t.Parallel()
	s := must[*Server](t)(New(Options{StatePath: filepath.Join(t.TempDir(), "state")}))
	defer s.Close()
	if status, body := s3(t, s, http.MethodPut, "/factory/in", strings.Repeat("x\n", 500_000)); status != http.StatusOK {
		t.Fatal(status, body)
	}
	status, body := post(t, s, "/thing-registration-tasks", map[string]string{
		"templateBody":    `{"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"lamp"}}}}`,
		"inputFileBucket": "factory", "inputFileKey": "in", "roleArn": "arn:aws:iam::123456789012:role/provisioning",
	})
	var started struct{ TaskID string }
	if err := json.Unmarshal([]byte(body), &started); err != nil || status != http.StatusOK {
		t.Fatal(status, body)
	}
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://127.0.0.1/thing-registration-tasks/"+started.TaskID, nil))
	response := must[*http.Response](t)(Transport(s).RoundTrip(request))
	defer response.Body.Close()
	var task struct {
		Status, Message string
		FailureCount    int
	}
	if err := json.NewDecoder(response.Body).Decode(&task); err != nil {
		t.Fatal(err)
	}
	if task.Status != "Failed" || task.FailureCount == 0 || !strings.Contains(task.Message, "later ones were not provisioned") {
		t.Errorf("task %+v", task)
	}
}

// A signature by a key of 4,000,000 bits would take hours to verify.
func TestRequestWithAHugeKeyIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	const bits = 4_000_000
	modulus := must[*big.Int](t)(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), bits)))
	modulus.SetBit(modulus, bits-1, 1).SetBit(modulus, 0, 1)
	signature := make([]byte, bits/8)
	_, _ = rand.Read(signature[1:]) // less than the modulus
	der := func(v any) []byte { return must[[]byte](t)(asn1.Marshal(v)) }
	whole := func(v any) asn1.RawValue { return asn1.RawValue{FullBytes: der(v)} }
	bitsOf := func(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }
	type body struct {
		Version                  int
		Subject, Key, Attributes asn1.RawValue
	}
	key := struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue},
		bitsOf(der(struct {
			N *big.Int
			E int
		}{modulus, 1<<31 - 1})),
	}
	request := der(struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		whole(body{0, whole(pkix.Name{CommonName: "lamp"}.ToRDNSequence()), whole(key), asn1.RawValue{FullBytes: []byte{0xa0, 0}}}),
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue},
		bitsOf(signature),
	})
	if _, err := parseRequest(encodePEM("CERTIFICATE REQUEST", request)); err == nil {
		t.Error("the request was accepted")
	}
}

// RFC 5280 asks readers to accept negative serial numbers, and package manifest does.
func TestCertificatesInOldEncodingsAreRegisteredWithTheirCA(t *testing.T) {
	t.Parallel()
	s := must[*Server](t)(New(Options{}))
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	certificate := func(template *x509.Certificate) []byte {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		template.Issuer = pkix.Name{CommonName: "ca"}
		parent := &x509.Certificate{Subject: template.Issuer}
		return must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key))
	}
	ca := certificate(&x509.Certificate{
		SerialNumber: big.NewInt(0x7f11223344), Subject: pkix.Name{CommonName: "ca"}, BasicConstraintsValid: true, IsCA: true,
	})
	ca = bytes.Replace(ca, []byte{0x7f, 0x11, 0x22, 0x33, 0x44}, []byte{0x8f, 0x11, 0x22, 0x33, 0x44}, 1)
	status, body := post(t, s, "/cacertificate?setAsActive=true", map[string]string{
		"caCertificate": encodePEM("CERTIFICATE", ca), "certificateMode": "SNI_ONLY",
	})
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	device := certificate(&x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "lamp"}})
	if status, body := post(t, s, "/certificate/register", map[string]string{
		"certificatePem": encodePEM("CERTIFICATE", device), "caCertificatePem": encodePEM("CERTIFICATE", ca),
	}); status != http.StatusOK {
		t.Error(status, body)
	}
}
