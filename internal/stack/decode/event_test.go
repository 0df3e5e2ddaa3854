package decode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
)

// record is one record of an event, as S3 writes it.
func record(name, bucket, object string) string {
	return fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-central-1","eventTime":"2026-11-23T16:00:00.000Z",
		"eventName":%q,"s3":{"s3SchemaVersion":"1.0","bucket":{"name":%q,"arn":"arn:aws:s3:::b"},"object":{%s}}}`, name, bucket, object)
}

func event(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

func TestEventsOfS3AreReadAsS3WritesThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		want       []eventUpload
	}{
		{
			"test event",
			`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-23T16:00:00.000Z","Bucket":"b","RequestId":"1","HostId":"2"}`,
			nil,
		},
		{
			"versioned", event(record("ObjectCreated:Put", "b", `"key":"a.json","size":12,"eTag":"e","versionId":"v","sequencer":"0A"`)),
			[]eventUpload{
				{Upload: stack.Upload{Bucket: "b", Key: "a.json", Version: "v", ETag: "e", Sequencer: "0A", Size: 12}},
			},
		},
		{"without versions", event(record("ObjectCreated:CompleteMultipartUpload", "b",
			`"key":"a","size":1,"eTag":"e-2","versionId":null,"sequencer":"0A"`)), []eventUpload{
			{Upload: stack.Upload{Bucket: "b", Key: "a", ETag: "e-2", Sequencer: "0A", Size: 1}},
		}},
		{"keys of people", event(
			record("ObjectCreated:Put", "b", `"key":"my+reel+%2B1/M%C3%BCller.CSV","size":1,"eTag":"e"`),
			record("ObjectCreated:Copy", "b", `"key":"a%2Fb%25","size":1,"eTag":"e"`),
		), []eventUpload{
			{Upload: stack.Upload{Bucket: "b", Key: "my reel +1/Müller.CSV", ETag: "e", Size: 1}},
			{Upload: stack.Upload{Bucket: "b", Key: "a/b%", ETag: "e", Size: 1}},
		}},
		{"later version of the structure", strings.ReplaceAll(event(record("ObjectCreated:Put", "b", `"key":"a","size":1,"eTag":"e"`)), `"2.1"`,
			`"2.6"`), []eventUpload{
			{Upload: stack.Upload{Bucket: "b", Key: "a", ETag: "e", Size: 1}},
		}},
		{"deleted, and a folder", event(
			record("ObjectRemoved:DeleteMarkerCreated", "b", `"key":"a","eTag":"e"`),
			record("ObjectCreated:Put", "b", `"key":"folder/","size":0,"eTag":"e"`),
		), []eventUpload{
			{Upload: stack.Upload{Bucket: "b", Key: "a", ETag: "e"}, ignored: "ObjectRemoved:DeleteMarkerCreated is not an upload"},
			{Upload: stack.Upload{Bucket: "b", Key: "folder/", ETag: "e"}, ignored: "this is how the console of S3 makes a folder"},
		}},
	} {
		got, err := parseEvent(test.body)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(eventUpload{})); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestWhatIsNoEventIsAnError(t *testing.T) {
	t.Parallel()
	good := event(record("ObjectCreated:Put", "b", `"key":"a","size":1,"eTag":"e"`))
	for _, body := range []string{
		"", "hello", "[]", "{}", `{"Records":[]}`, `{"Records":[{}]}`, `{"Records":{}}`,
		strings.ReplaceAll(good, `"2.1"`, `"3.0"`), strings.ReplaceAll(good, "aws:s3", "aws:sns"),
		strings.ReplaceAll(good, `"key":"a"`, `"key":""`), strings.ReplaceAll(good, `"key":"a"`, `"key":"%zz"`),
		strings.ReplaceAll(good, `"name":"b"`, `"name":""`),
	} {
		if got, err := parseEvent(body); err == nil {
			t.Errorf("%s is read as %+v", body, got)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(event(record("ObjectCreated:Put", "b", `"key":"a+b","size":1,"eTag":"e"`)))
	f.Add(`{"Event":"s3:TestEvent"}`)
	f.Fuzz(func(t *testing.T, body string) {
		uploads, err := parseEvent(body)
		for _, u := range uploads {
			if err != nil || u.Bucket == "" || u.Key == "" || u.Version == "null" {
				t.Errorf("%+v, %v", u, err)
			}
		}
	})
}
