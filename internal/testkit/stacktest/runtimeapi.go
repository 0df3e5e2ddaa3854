package stacktest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxPayload is the maximum size of an event and of the answer of a synchronous
// invocation (Lambda quotas: 6 MB).
const maxPayload = 6291556

type invocation struct {
	id, arn string
	payload []byte
	timeout time.Duration
	// after is when the process is killed, if kill is set.
	after time.Duration
	kill  bool
	// taken receives the deadline when the process takes the invocation. Its start does not
	// count, as in Lambda.
	taken chan time.Time
}

type answer struct {
	body []byte
	err  error
}

// A runtimeAPI is the Lambda Runtime API, version 2018-06-01, for one process.
type runtimeAPI struct {
	mux *http.ServeMux
	// frozen is called when the process begins and ends to wait for an invocation.
	frozen func(idle bool)

	calls      chan invocation
	answers    chan answer   // one for each invocation
	idle       chan struct{} // the process asks for its next invocation
	initFailed chan string
	current    chan string // the ID of the unanswered invocation
}

func newRuntimeAPI(frozen func(idle bool)) *runtimeAPI {
	a := &runtimeAPI{
		mux: http.NewServeMux(), frozen: frozen, calls: make(chan invocation), answers: make(chan answer, 1),
		idle: make(chan struct{}, 1), initFailed: make(chan string, 1), current: make(chan string, 1),
	}
	a.mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	a.mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	a.mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.failure)
	a.mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initFailure)
	return a
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// next waits for an invocation and passes it to the process. Lambda freezes the
// process until then.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case a.idle <- struct{}{}:
	default: // before the first invocation nobody waits for it
	}
	a.frozen(true)
	var call invocation
	select {
	case call = <-a.calls:
	case <-r.Context().Done():
		return
	}
	select {
	case <-a.idle:
	default:
	}
	a.current <- call.id
	deadline := time.Now().Add(call.timeout)
	call.taken <- deadline
	a.frozen(false)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", call.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", call.arn)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-"+call.id[:8]+"-"+call.id[24:]+call.id[:12]+";Parent=0000000000000001;Sampled=0")
	_, _ = w.Write(call.payload) // the end of the process reveals that it is gone
}

// take reports whether id is the ID of the unanswered invocation, and marks it as answered.
func (a *runtimeAPI) take(id string) bool {
	select {
	case current := <-a.current:
		if current == id {
			return true
		}
		a.current <- current
	default:
	}
	return false
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case !a.take(r.PathValue("id")):
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`, http.StatusBadRequest)
		return
	}
	result := answer{body: body}
	status := http.StatusAccepted
	if len(body) > maxPayload {
		result, status = answer{err: errTooLarge}, http.StatusRequestEntityTooLarge
	} else if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		result = answer{err: &FunctionError{kind}}
	}
	a.answers <- result
	w.WriteHeader(status)
}

func (a *runtimeAPI) failure(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil || !a.take(r.PathValue("id")) {
		http.Error(w, fmt.Sprintf("invalid request ID or body: %v", err), http.StatusBadRequest)
		return
	}
	a.answers <- answer{err: &FunctionError{string(body)}}
	w.WriteHeader(http.StatusAccepted)
}

func (a *runtimeAPI) initFailure(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil && !errors.Is(err, io.EOF) {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case a.initFailed <- string(body):
	default: // one notification is enough
	}
	w.WriteHeader(http.StatusAccepted)
}
