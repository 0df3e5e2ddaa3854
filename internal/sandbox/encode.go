package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// encoder encodes the body of an answer in the protocol of a service. Either result or refusal
// is nil.
type encoder func(h http.Header, requestID string, result any, refusal *registry.APIError) []byte

type errorBody struct {
	Message     string `json:"message"`
	ResourceID  string `json:"resourceId,omitempty"`
	ResourceARN string `json:"resourceArn,omitempty"`
}

func encodeREST(h http.Header, _ string, result any, refusal *registry.APIError) []byte {
	h.Set("Content-Type", "application/json")
	if refusal != nil {
		h.Set("X-Amzn-Errortype", refusal.Code)
		return marshal(errorBody{refusal.Message, refusal.ResourceID, refusal.ResourceARN})
	}
	if result == nil {
		return []byte("{}")
	}
	return marshal(result)
}

func encodeJSON11(h http.Header, _ string, result any, refusal *registry.APIError) []byte {
	h.Set("Content-Type", "application/x-amz-json-1.1")
	if refusal != nil {
		h.Set("X-Amzn-Errortype", refusal.Code)
		return marshal(map[string]string{"__type": refusal.Code, "Message": refusal.Message})
	}
	return marshal(result)
}

// marshal encodes values of this package, which cannot fail.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return b
}

func encodeXML(h http.Header, requestID string, result any, refusal *registry.APIError) []byte {
	h.Set("Content-Type", "text/xml")
	var out any = stsResponse{Namespace: stsNamespace, Result: result, RequestID: requestID}
	if refusal != nil {
		out = stsError{Namespace: stsNamespace, Type: "Sender", Code: refusal.Code, Message: refusal.Message, RequestID: requestID}
	}
	b, err := xml.Marshal(out)
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return b
}

// answer writes a result or an error, and returns the status and error code that it wrote.
func answer(w http.ResponseWriter, encode encoder, result any, err error) (status int, code string) {
	var refusal *registry.APIError
	if err != nil && !errors.As(err, &refusal) {
		refusal = internalFailure(err.Error())
	}
	id := newRequestID()
	h := w.Header()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Amzn-Requestid", id)
	status = http.StatusOK
	if refusal != nil {
		status, code = refusal.Status, refusal.Code
	}
	body := encode(h, id, result, refusal)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that hung up is not an error
	return status, code
}

func internalFailure(message string) *registry.APIError {
	return registry.Refuse(http.StatusInternalServerError, "InternalFailureException", "%s", message)
}

// newRequestID returns a version 4 UUID. Request IDs need no secure randomness, which is
// slower.
func newRequestID() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], rand.Uint64())  //nolint:gosec // request IDs are not secret
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // request IDs are not secret
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
