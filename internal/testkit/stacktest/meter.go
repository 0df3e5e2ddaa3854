package stacktest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Usage counts the requests of one operation.
type Usage struct {
	// Requests is the number of requests, Refused the number of those answered
	// with a status of 400 or more.
	Requests, Refused int
	// Chunks is the number of 64 KiB parts of request or answer, whichever is
	// larger, each at least 1: SQS and SNS count these as requests.
	Chunks int
	// Bytes is the size of request bodies and answers.
	Bytes int64
	// Read and Write are DynamoDB's request units.
	Read, Write float64
}

// A Meter is a proxy for an AWS service that counts by operation. It asks DynamoDB
// for the capacity that each request consumed.
type Meter struct {
	// URL is the endpoint for clients.
	URL string

	mu    sync.Mutex
	usage map[string]Usage
	slow  map[string]time.Duration
}

// Slow delays the requests of an operation, like a service on another machine.
func (m *Meter) Slow(operation string, by time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slow[operation] = by
}

// wait waits for the delay that [Meter.Slow] set, or until the caller is gone.
func (m *Meter) wait(ctx context.Context, operation string) {
	m.mu.Lock()
	by := m.slow[operation]
	m.mu.Unlock()
	if by == 0 {
		return
	}
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// meterKey is the context key for a request's metering data.
type meterKey struct{}

type metered struct {
	operation string
	size      int64
	write     float64 // units of a transaction
}

// StartMeter starts a proxy before the service at target; it ends with the test.
func StartMeter(t testing.TB, target string) *Meter {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	m := &Meter{usage: map[string]Usage{}, slow: map[string]time.Duration{}}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // queue URLs in answers name the host that was asked
		},
		ModifyResponse: m.count,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }, // a killed function
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller is gone
		}
		asked := metered{operation: operationOf(r, body), size: int64(len(body))}
		if asked.operation == "TransactWriteItems" {
			asked.write = writeUnits(body)
		}
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_") {
			body = askForCapacity(body)
		}
		m.wait(r.Context(), asked.operation)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), meterKey{}, asked)))
	}))
	t.Cleanup(server.Close)
	m.URL = server.URL
	return m
}

// Usage returns the usage so far, by operation.
func (m *Meter) Usage() map[string]Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.usage)
}

// chunk is the size that SQS and SNS count as one request.
const chunk = 64 << 10

// count counts an answered request.
func (m *Meter) count(r *http.Response) error {
	asked, _ := r.Request.Context().Value(meterKey{}).(metered)
	size := max(0, r.ContentLength)
	read, write := 0.0, 0.0
	if strings.HasPrefix(r.Request.Header.Get("X-Amz-Target"), "DynamoDB_") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		size = int64(len(body))
		if read, write = capacity(asked.operation, body); asked.write > 0 {
			write = asked.write // also of one that was cancelled
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.usage[asked.operation]
	u.Requests++
	if r.StatusCode >= http.StatusBadRequest {
		u.Refused++
	}
	u.Chunks += int(max(1, (max(asked.size, size)+chunk-1)/chunk))
	u.Bytes += asked.size + size
	u.Read, u.Write = u.Read+read, u.Write+write
	m.usage[asked.operation] = u
	return nil
}

// operationOf returns the name of the operation. In JSON protocols it is the
// target, in the query protocol the action. For S3 it is the SDK's name for the
// operation, or method and subresource.
func operationOf(r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
			return form.Get("Action")
		}
	}
	query := r.URL.Query()
	switch {
	case query.Has("x-id"):
		return query.Get("x-id")
	case query.Has("uploads"):
		return "CreateMultipartUpload"
	case query.Has("uploadId") && r.Method == http.MethodPut:
		return "UploadPart"
	case query.Has("uploadId") && r.Method == http.MethodPost:
		return "CompleteMultipartUpload"
	case query.Has("list-type"), query.Has("versions"):
		return "ListObjects"
	}
	return r.Method
}

// askForCapacity makes DynamoDB return the capacity that a request consumes.
func askForCapacity(body []byte) []byte {
	var request map[string]json.RawMessage
	if json.Unmarshal(body, &request) != nil {
		return body
	}
	request["ReturnConsumedCapacity"] = json.RawMessage(`"TOTAL"`)
	changed, err := json.Marshal(request)
	if err != nil {
		return body
	}
	return changed
}

// capacity returns the request units in an answer of DynamoDB. If the answer does
// not name their kind, the operation determines it.
func capacity(operation string, body []byte) (read, write float64) {
	type consumed struct{ CapacityUnits, ReadCapacityUnits, WriteCapacityUnits float64 }
	var one struct{ ConsumedCapacity consumed }
	var many struct{ ConsumedCapacity []consumed }
	var all []consumed
	if json.Unmarshal(body, &one) == nil {
		all = []consumed{one.ConsumedCapacity}
	} else if json.Unmarshal(body, &many) == nil {
		all = many.ConsumedCapacity
	}
	for _, c := range all {
		switch {
		case c.ReadCapacityUnits+c.WriteCapacityUnits > 0:
			read, write = read+c.ReadCapacityUnits, write+c.WriteCapacityUnits
		case strings.Contains(operation, "Get"), operation == "Query", operation == "Scan":
			read += c.CapacityUnits
		default:
			write += c.CapacityUnits
		}
	}
	return read, write
}
