package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/thingpress/thingpress/internal/stack"
)

// An eventUpload is the upload in one record of an event.
type eventUpload struct {
	stack.Upload
	// ignored is why there is nothing to do; empty otherwise.
	ignored string
}

// s3Event is a notification of S3, of eventVersion 2.x.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type s3Event struct {
	// Event is "s3:TestEvent" in the message that S3 sends when notifications
	// are configured, which has no Records.
	Event   string
	Records []struct {
		EventVersion string `json:"eventVersion"`
		EventSource  string `json:"eventSource"`
		EventName    string `json:"eventName"`
		S3           struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key       string `json:"key"` // form-URL-encoded
				Size      int64  `json:"size"`
				ETag      string `json:"eTag"`
				VersionID string `json:"versionId"` // absent or null without versions
				Sequencer string `json:"sequencer"`
			} `json:"object"`
		} `json:"s3"`
	}
}

// parseEvent parses the body of a message from S3. Any other body is an error, so
// that it gets to the dead-letter queue and is noticed.
func parseEvent(body string) ([]eventUpload, error) {
	var e s3Event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	switch {
	case e.Event == "s3:TestEvent":
		return nil, nil
	case len(e.Records) == 0:
		return nil, errors.New("event: neither an event of S3 nor a task")
	}
	uploads := make([]eventUpload, 0, len(e.Records))
	for i, r := range e.Records {
		if !strings.HasPrefix(r.EventVersion, "2.") || r.EventSource != "aws:s3" {
			return nil, fmt.Errorf("event: record %d: eventVersion %q of %q is not 2.x of aws:s3", i, r.EventVersion, r.EventSource)
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fmt.Errorf("event: record %d: key: %w", i, err)
		}
		if r.S3.Bucket.Name == "" || key == "" {
			return nil, fmt.Errorf("event: record %d names no object", i)
		}
		u := eventUpload{Upload: stack.Upload{
			Bucket: r.S3.Bucket.Name, Key: key, ETag: strings.Trim(r.S3.Object.ETag, `"`),
			Sequencer: r.S3.Object.Sequencer, Size: r.S3.Object.Size,
		}}
		if id := r.S3.Object.VersionID; id != "null" {
			u.Version = id
		}
		switch name := strings.TrimPrefix(r.EventName, "s3:"); {
		case !strings.HasPrefix(name, "ObjectCreated:"):
			u.ignored = name + " is not an upload"
		case strings.HasSuffix(key, "/") && u.Size == 0:
			u.ignored = "this is how the console of S3 makes a folder"
		}
		uploads = append(uploads, u)
	}
	return uploads, nil
}

// Uploads returns the uploads in the body of an event of S3. It fails if the body is no such event.
func Uploads(body string) ([]stack.Upload, error) {
	parsed, err := parseEvent(body)
	var uploads []stack.Upload
	for _, u := range parsed {
		if u.ignored == "" {
			uploads = append(uploads, u.Upload)
		}
	}
	return uploads, err
}
