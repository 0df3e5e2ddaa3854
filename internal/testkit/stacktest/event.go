package stacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// An Object is one version of an S3 object, as in a notification.
type Object struct {
	Bucket, Key, Version, ETag string
	Size                       int64
	// Sequencer grows with each version of a key.
	Sequencer uint64
}

// Event returns the message that S3 sends for a created object (S3 user guide,
// "Event message structure"). The key is encoded like a form value, except for its
// slashes, and eTags have no quotes.
func (o Object) Event(now time.Time) string {
	type m = map[string]any
	key := strings.ReplaceAll(url.QueryEscape(o.Key), "%2F", "/")
	object := m{"key": key, "size": o.Size, "eTag": strings.Trim(o.ETag, `"`), "sequencer": fmt.Sprintf("%016X", o.Sequencer)}
	if o.Version != "" {
		object["versionId"] = o.Version
	}
	text, err := json.Marshal(m{"Records": []m{{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": Region, "eventTime": now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"eventName": "ObjectCreated:Put", "userIdentity": m{"principalId": "AWS:AIDAEXAMPLE"},
		"requestParameters": m{"sourceIPAddress": "192.0.2.1"},
		"responseElements":  m{"x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE"},
		"s3": m{
			"s3SchemaVersion": "1.0", "configurationId": "manifests",
			"bucket": m{"name": o.Bucket, "ownerIdentity": m{"principalId": "EXAMPLE"}, "arn": "arn:aws:s3:::" + o.Bucket},
			"object": object,
		},
	}}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

// TestEvent returns the message that S3 sends when a notification is set up.
func TestEvent(bucket string, now time.Time) string {
	return fmt.Sprintf(`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":%q,"Bucket":%q,"RequestId":"EXAMPLE","HostId":"EXAMPLE"}`,
		now.UTC().Format(time.RFC3339), bucket)
}
