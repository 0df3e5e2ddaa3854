package sandbox

import (
	"crypto/md5" //nolint:gosec // the ETag of S3
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// Registration tasks read their input from S3 and leave their reports there. The sandbox has as much of S3 as that takes: it stores and
// returns objects of any bucket, with path-style addresses.
var (
	putObject = &operation{"PutObject", handlePutObject}
	getObject = &operation{"GetObject", handleGetObject}
)

// reportBucket contains the reports of registration tasks. They can be read without a signature, as with the links of AWS.
const reportBucket = "thing-registration-reports"

// routeS3 returns the operation of a call that is signed for S3 or reads a report, or nil.
func routeS3(request *http.Request) *operation {
	signed := strings.Contains(request.Header.Get("Authorization"), "/s3/aws4_request") ||
		strings.Contains(request.URL.Query().Get("X-Amz-Credential"), "/s3/aws4_request")
	switch {
	case signed && request.Method == http.MethodPut:
		return putObject
	case (request.Method == http.MethodGet || request.Method == http.MethodHead) &&
		(signed || strings.HasPrefix(request.URL.Path, "/"+reportBucket+"/")):
		return getObject
	case signed:
		return &operation{unknownOperation.name, func(backend, *call) (any, error) {
			return nil, registry.Refuse(http.StatusNotImplemented, "NotImplemented", "The sandbox has only PutObject and GetObject of S3")
		}}
	}
	return nil
}

// object is a result with an ETag and a body.
type object struct {
	etag string
	data []byte
}

func etagOf(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // the ETag of S3
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func handlePutObject(b backend, c *call) (any, error) {
	name := strings.TrimPrefix(c.request.URL.Path, "/")
	if bucket, key, _ := strings.Cut(name, "/"); bucket == "" || bucket == reportBucket {
		return nil, registry.Refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	} else if key == "" { // it creates a bucket, and the sandbox has all buckets
		return object{}, nil
	}
	if strings.Contains(c.request.Header.Get("Content-Encoding"), "aws-chunked") {
		return nil, registry.Refuse(http.StatusNotImplemented, "NotImplemented", "The sandbox cannot read a body in the encoding aws-chunked")
	}
	c.labels = []string{name}
	var err error
	c.changed, err = b.store.Change(func(st *registry.State) ([]registry.Change, error) {
		return st.PutObject(&registry.PutObject{Name: name, Data: c.body})
	})
	return object{etag: etagOf(c.body)}, err
}

func handleGetObject(b backend, c *call) (any, error) {
	name := strings.TrimPrefix(c.request.URL.Path, "/")
	c.labels = []string{name}
	data, found := b.object(name)
	if !found {
		return nil, registry.Refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	return object{etagOf(data), data}, nil
}

func (b backend) object(name string) (data []byte, found bool) {
	b.store.View(func(st *registry.State) { data, found = st.Object(name) })
	return data, found
}

type s3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
}

func encodeS3(h http.Header, requestID string, result any, refusal *registry.APIError) []byte {
	if refusal == nil {
		answer := result.(object)
		h.Set("Content-Type", "binary/octet-stream")
		if answer.etag != "" {
			h.Set("Etag", answer.etag)
		}
		return answer.data
	}
	h.Set("Content-Type", "application/xml")
	b, err := xml.Marshal(s3Error{Code: refusal.Code, Message: refusal.Message, RequestID: requestID})
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	return b
}
