// Package objecttest is the part of S3 that functions of the stack read: a server
// to which tests add objects, and which breaks connections on demand.
package objecttest

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // S3's ETag is an MD5
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An Object is one version.
type Object struct {
	Bucket, Key, Version, ETag string
	Content                    io.ReaderAt
	Size                       int64
}

// A Server holds objects. Its methods are safe for concurrent use.
type Server struct {
	// Fault, if set, is called before each answer to a GET of an object. If code
	// is not empty the answer is that error, whose message may follow after a colon. If keep is not negative, the
	// connection breaks after that many bytes.
	Fault func(o Object, start int64) (status int, code string, keep int64)
	// Unversioned omits versions from answers.
	Unversioned bool
	// Region, if set, is the only one to which requests may be signed.
	Region string
	// RequesterPays refuses requests that do not say that they pay.
	RequesterPays bool

	http     *httptest.Server
	mu       sync.Mutex
	versions []Object // oldest first
	gets     int
}

// New starts a server that ends with the test. A server that other processes call must get its fields from a
// function, before it starts: the race detector does not see that a process was started after a field was set.
func New(t testing.TB, configure ...func(*Server)) *Server {
	t.Helper()
	s := &Server{}
	for _, f := range configure {
		f(s)
	}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.http.Close)
	return s
}

// URL returns the endpoint.
func (s *Server) URL() string { return s.http.URL }

// Client returns an SDK client for this server.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(s.http.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		Retryer:     aws.NopRetryer{},
	})
}

// Put adds a version with an ID.
func (s *Server) Put(bucket, key string, content []byte) Object {
	sum := md5.Sum(content) //nolint:gosec // as above
	return s.Add(Object{
		Bucket: bucket, Key: key, ETag: hex.EncodeToString(sum[:]),
		Content: bytes.NewReader(content), Size: int64(len(content)),
	})
}

// Add adds a version and assigns an ID to it.
func (s *Server) Add(o Object) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Version = "v" + strconv.Itoa(len(s.versions)+1)
	s.versions = append(s.versions, o)
	return o
}

// Delete removes all versions of a key.
func (s *Server) Delete(bucket, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions = slices.DeleteFunc(s.versions, func(o Object) bool { return o.Bucket == bucket && o.Key == key })
}

// Objects returns all versions in a bucket, oldest first.
func (s *Server) Objects(bucket string) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.versions), func(o Object) bool { return o.Bucket != bucket })
}

// Gets returns the number of GETs of objects.
func (s *Server) Gets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case s.Region != "" && !strings.Contains(r.Header.Get("Authorization"), "/"+s.Region+"/s3/"):
		w.Header().Set("X-Amz-Bucket-Region", s.Region)
		refuse(w, http.StatusMovedPermanently, "PermanentRedirect")
	case s.RequesterPays && r.Header.Get("X-Amz-Request-Payer") != "requester":
		refuse(w, http.StatusForbidden, "AccessDenied")
	case r.Method != http.MethodGet:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	case key == "":
		s.list(w, bucket, r.URL.Query())
	default:
		s.get(w, r, bucket, key)
	}
}

func (s *Server) find(bucket, key, version string) (found Object, ok, anyVersion bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range slices.Backward(s.versions) {
		if o.Bucket == bucket && o.Key == key {
			if anyVersion = true; version == "" || version == o.Version {
				return o, true, true
			}
		}
	}
	return Object{}, false, anyVersion
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, bucket, key string) {
	s.mu.Lock()
	s.gets++
	s.mu.Unlock()
	version := r.URL.Query().Get("versionId")
	o, ok, known := s.find(bucket, key, version)
	switch match := strings.Trim(r.Header.Get("If-Match"), `"`); {
	case !ok && known:
		refuse(w, http.StatusNotFound, "NoSuchVersion")
		return
	case !ok:
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	case match != "" && match != o.ETag:
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	start, end := int64(0), o.Size-1
	if span := r.Header.Get("Range"); span != "" {
		var last int64
		if _, err := fmt.Sscanf(span, "bytes=%d-%d", &start, &last); err != nil || start >= o.Size {
			refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
			return
		}
		end = min(end, last)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, end, o.Size))
	}
	status, keep := http.StatusOK, int64(-1)
	if w.Header().Get("Content-Range") != "" {
		status = http.StatusPartialContent
	}
	if s.Fault != nil {
		bad, code, cut := s.Fault(o, start)
		if code != "" {
			w.Header().Del("Content-Range")
			refuse(w, bad, code)
			return
		}
		keep = cut
	}
	w.Header().Set("ETag", `"`+o.ETag+`"`)
	if !s.Unversioned {
		w.Header().Set("x-amz-version-id", o.Version)
	}
	w.Header().Set("Content-Length", strconv.FormatInt(end-start+1, 10))
	w.WriteHeader(status)
	length := end - start + 1
	breaks := keep >= 0 && keep < length
	if breaks {
		length = keep
	}
	if _, err := io.Copy(w, io.NewSectionReader(o.Content, start, length)); err != nil || breaks {
		_ = http.NewResponseController(w).Flush() // the bytes before the break must arrive
		panic(http.ErrAbortHandler)
	}
}

// list answers ListObjectsV2 with two keys per page, so that callers that ignore
// further pages are detected.
func (s *Server) list(w http.ResponseWriter, bucket string, query url.Values) {
	type content struct {
		Key  string
		Size int64
		ETag string
	}
	var page struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}
	s.mu.Lock()
	latest := map[string]content{}
	for _, o := range s.versions {
		if o.Bucket == bucket && o.Key > query.Get("continuation-token") {
			latest[o.Key] = content{o.Key, o.Size, o.ETag}
		}
	}
	s.mu.Unlock()
	for _, c := range latest {
		page.Contents = append(page.Contents, c)
	}
	slices.SortFunc(page.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	if len(page.Contents) > 2 {
		page.Contents, page.IsTruncated = page.Contents[:2], true
		page.NextContinuationToken = page.Contents[1].Key
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(page) // a client that has gone needs no answer
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	code, message, _ := strings.Cut(code, ": ")
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, cmp.Or(message, code))
}
