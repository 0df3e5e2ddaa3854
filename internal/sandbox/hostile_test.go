package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// post makes a call with a JSON body and returns status and body.
func post(t *testing.T, s *Server, path string, body any) (int, string) {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+path, bytes.NewReader(marshal(body))))
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
