package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// call is one call of an operation.
type call struct {
	operation *operation
	param     string // of the path, decoded
	request   *http.Request
	body      []byte
	key       string
	strict    bool
	changed   bool
}

func (c *call) query(name string) string { return c.request.URL.Query().Get(name) }

// decode reads the body of a REST operation; none is as good as {}.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return refuse(http.StatusBadRequest, "SerializationException", "The request body is not what %s takes", c.operation.name)
	}
	return nil
}

// ServeHTTP serves one call of any of the three services.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	start := time.Now()
	c, encode, err := s.receive(w, request)
	entry := Call{Operation: c.operation.name, Key: c.key}
	if err == nil {
		err = s.perform(w, c, &entry, encode)
	} else {
		entry.Status, entry.Code = s.answer(w, encode, nil, err)
	}
	if s.options.Log != nil {
		entry.Key = c.key
		entry.Duration = time.Since(start)
		s.options.Log(entry)
	}
	if errors.Is(err, errDrop) {
		// The one way to tell net/http to close the connection without an answer.
		panic(http.ErrAbortHandler)
	}
}

// receive finds the operation and reads the body.
func (s *Server) receive(w http.ResponseWriter, request *http.Request) (*call, encoder, error) {
	c := &call{request: request, strict: s.options.Strict, operation: unknownOperation}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		return c, encodeREST, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "The body is longer than %d bytes or broke off", maxBody)
	}
	c.body = body
	return c, encoderOf(c), route(c)
}

// perform runs an operation among the quotas and faults that are set.
func (s *Server) perform(w http.ResponseWriter, c *call, entry *Call, encode encoder) error {
	s.calls.add(c.operation.name)
	f := s.faults.next(c.operation.name)
	entry.Fault = f.kind.String()
	sleep(c.request, s.options.Latency.sample(f.jitter))
	if f.kind == faultThrottle || !s.quotas.take(c.operation.name, time.Now()) {
		entry.Status, entry.Code = s.answer(w, encode, nil, throttled())
		return nil
	}
	var result any
	var err error
	run := func() {
		result, err = c.operation.run(s, c)
		if entry.Done, entry.Changed = true, c.changed; c.changed {
			s.changes.add(c.operation.name)
		}
	}
	if f.kind == faultNone {
		run()
		entry.Status, entry.Code = s.answer(w, encode, result, err)
		return nil
	}
	if f.after {
		run()
	}
	if f.kind == faultStall {
		sleep(c.request, stallTime)
	}
	if f.drop {
		return errDrop
	}
	refusal := unavailable()
	if f.internal {
		refusal = internalFailure()
	}
	entry.Status, entry.Code = s.answer(w, encode, nil, refusal)
	return nil
}

var errDrop = errors.New("sandbox: connection dropped")

// sleep waits, but not for a caller that has gone: what it called takes effect
// all the same, as with AWS.
func sleep(request *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-request.Context().Done():
	}
}

// answer writes a result or an error and returns what it wrote.
func (s *Server) answer(w http.ResponseWriter, encode encoder, result any, err error) (status int, code string) {
	var refusal *apiError
	if err != nil && !errors.As(err, &refusal) {
		refusal = internalFailure()
		refusal.message = err.Error()
	}
	id := s.requests.next()
	h := w.Header()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Amzn-Requestid", id)
	status = http.StatusOK
	if refusal != nil {
		status, code = refusal.status, refusal.code
		if code == "ThrottlingException" {
			s.calls.refused.Add(1)
		}
	}
	body := encode(h, id, result, refusal)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that has gone is not an error
	return status, code
}
