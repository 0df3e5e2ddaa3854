package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkCall measures the sandbox alone: the calls of a device with a state file, without a
// socket and without the SDK.
func BenchmarkCall(b *testing.B) {
	s := open(b, Options{StatePath: filepath.Join(b.TempDir(), "state")})
	if _, err := s.Ensure([]string{"p"}, "sensor", []string{"g"}, ""); err != nil {
		b.Fatal(err)
	}
	call := func(method, path, body, principal string) string {
		request, err := http.NewRequestWithContext(b.Context(), method, "http://sandbox.invalid"+path, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Amzn-Principal", principal)
		w := recorder{header: http.Header{}, status: http.StatusOK}
		if s.ServeHTTP(&w, request); w.status != http.StatusOK {
			b.Fatalf("%d %s", w.status, w.body.String())
		}
		return w.body.String()
	}
	var bodies []string
	for range min(b.N, 20_000) {
		body, err := json.Marshal(map[string]string{"certificatePem": mint(b, nil), "status": "ACTIVE"})
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	b.ResetTimer()
	for i := range min(b.N, len(bodies)) {
		name := fmt.Sprint("device-", i)
		answer := call(http.MethodPost, "/certificate/register-no-ca", bodies[i], "")
		_, arn, _ := strings.Cut(answer, `"certificateArn":"`)
		arn, _, _ = strings.Cut(arn, `"`)
		call(http.MethodPost, "/things/"+name, `{"thingTypeName":"sensor","attributePayload":{"attributes":{"mac":"02:00:00:00:00:01"}}}`, "")
		call(http.MethodPut, "/things/"+name+"/principals", "", arn)
		call(http.MethodPut, "/target-policies/p", `{"target":"`+arn+`"}`, "")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(4*min(b.N, len(bodies))), "ns/call")
}
