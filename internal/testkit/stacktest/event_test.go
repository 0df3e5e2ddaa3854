package stacktest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

func TestEventHasItsKeyAsS3EncodesIt(t *testing.T) {
	t.Parallel()
	o := stacktest.Object{Bucket: "b", Key: "red flower/a+b & ü.CSV", Version: "v1", ETag: `"abc"`, Size: 5, Sequencer: 17}
	text := o.Event(time.Unix(0, 0))
	if !strings.Contains(text, `"key":"red+flower/a%2Bb+%26+%C3%BC.CSV"`) {
		t.Errorf("key not encoded as a form: %s", text)
	}
	var event events.S3Event
	if err := json.Unmarshal([]byte(text), &event); err != nil || len(event.Records) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	s3 := event.Records[0].S3
	key, err := url.QueryUnescape(s3.Object.Key)
	if err != nil || key != o.Key || s3.Bucket.Name != "b" || s3.Object.VersionID != "v1" || s3.Object.ETag != "abc" ||
		s3.Object.Sequencer != "0000000000000011" {
		t.Errorf("%+v, %v", s3, err)
	}
}
