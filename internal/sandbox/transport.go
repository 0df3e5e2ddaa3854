package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Transport returns a round tripper that calls a handler in the caller's goroutine, without
// sockets. It serves a process that is both client and sandbox, and testing/synctest, since the
// clock of a bubble does not advance while a goroutine waits for a socket. A connection that
// the handler drops is a network error.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(request *http.Request) (response *http.Response, err error) {
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	if err := request.Context().Err(); err != nil {
		_ = served.Body.Close() // the caller wants to know that the context ended
		return nil, err
	}
	served.RequestURI = request.URL.RequestURI()
	if served.Host == "" {
		served.Host = request.URL.Host
	}
	defer func() {
		_ = served.Body.Close() // as a server does after its handler
		p := recover()
		if dropped, ok := p.(error); ok && errors.Is(dropped, http.ErrAbortHandler) {
			response, err = nil, dropError{}
		} else if p != nil {
			panic(p)
		}
		if ctx := request.Context().Err(); ctx != nil {
			response, err = nil, ctx
		}
	}()
	w := recorder{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(&w, served)
	return &http.Response{
		Status:     fmt.Sprintf("%03d %s", w.status, http.StatusText(w.status)),
		StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: request,
	}, nil
}

// recorder is a response writer that keeps what is written to it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// dropError is returned if the connection was closed without an answer.
type dropError struct{}

func (dropError) Error() string { return "sandbox: connection closed before the answer" }

func (dropError) Timeout() bool { return false }

func (dropError) Temporary() bool { return true }

var _ net.Error = dropError{}

// Listen serves a handler on an address such as 127.0.0.1:0 and returns its URL. It ends with
// the context, or when stop is called. Stop waits up to five seconds for calls in flight, and
// may be called again.
func Listen(ctx context.Context, h http.Handler, address string) (url string, stop func(), err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("sandbox: listen: %w", err)
	}
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 16,
	}
	unused := &unusedConns{conns: map[net.Conn]bool{}}
	server.ConnState = unused.note
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with ErrServerClosed; a broken listener refuses connections
	}()
	stop = func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		unused.close()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
		<-done
	}
	context.AfterFunc(ctx, stop)
	return "http://" + listener.Addr().String(), stop, nil
}

// unusedConns are the connections without any request so far. Clients open them in advance, and
// Shutdown would wait five seconds for each.
type unusedConns struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (u *unusedConns) note(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state == http.StateNew {
		u.conns[c] = true
	} else {
		delete(u.conns, c)
	}
}

func (u *unusedConns) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.conns {
		_ = c.Close() // the client opens another one if it needs it
	}
}
