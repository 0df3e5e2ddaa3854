package sandbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

// encoder makes the body of an answer in the protocol of a service. Either
// result or refusal is nil.
type encoder func(h http.Header, requestID string, result any, refusal *apiError) []byte

// encoderOf finds the protocol of a call: rest-json for AWS IoT, JSON 1.1 for
// Service Quotas, query for STS.
func encoderOf(c *call) encoder {
	switch {
	case c.request.Header.Get("X-Amz-Target") != "":
		return encodeJSON11
	case strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") && bytes.Contains(c.body, []byte("Action=")):
		return encodeXML
	}
	return encodeREST
}

type errorBody struct {
	Message     string `json:"message"`
	ResourceID  string `json:"resourceId,omitempty"`
	ResourceARN string `json:"resourceArn,omitempty"`
}

func encodeREST(h http.Header, _ string, result any, refusal *apiError) []byte {
	h.Set("Content-Type", "application/json")
	if refusal != nil {
		h.Set("X-Amzn-Errortype", refusal.code)
		return marshal(errorBody{refusal.message, refusal.resourceID, refusal.resourceARN})
	}
	if result == nil {
		return []byte("{}")
	}
	return marshal(result)
}

func encodeJSON11(h http.Header, _ string, result any, refusal *apiError) []byte {
	h.Set("Content-Type", "application/x-amz-json-1.1")
	if refusal != nil {
		h.Set("X-Amzn-Errortype", refusal.code)
		return marshal(map[string]string{"__type": refusal.code, "Message": refusal.message})
	}
	return marshal(result)
}

// marshal encodes what this package made, of types that always encode.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return b
}

func encodeXML(h http.Header, requestID string, result any, refusal *apiError) []byte {
	h.Set("Content-Type", "text/xml")
	var out any = stsResponse{Namespace: stsNamespace, Result: result, RequestID: requestID}
	if refusal != nil {
		out = stsError{Namespace: stsNamespace, Type: "Sender", Code: refusal.code, Message: refusal.message, RequestID: requestID}
	}
	b, err := xml.Marshal(out)
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return b
}

// epoch is a time in milliseconds, which both JSON protocols carry as seconds.
type epoch int64

func (e epoch) MarshalJSON() ([]byte, error) {
	b := strconv.AppendInt(nil, int64(e)/1000, 10)
	if ms := int64(e) % 1000; ms > 0 {
		b = append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return b, nil
}
