package stacktest

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// A harness more lenient than Lambda would hide that messages are lost or redelivered for ever.
func TestFailuresAreReadAsLambdaReadsThem(t *testing.T) {
	t.Parallel()
	batch := []types.Message{{MessageId: aws.String("a")}, {MessageId: aws.String("b")}}
	for body, want := range map[string][]string{
		``:                           nil,
		`null`:                       nil,
		`{}`:                         nil,
		`{"batchItemFailures":[]}`:   nil,
		`{"batchItemFailures":null}`: nil,
		`{"batchItemFailures":[{"itemIdentifier":"b"}]}`:                        {"b"},
		`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}`: {"a", "b"},
		`{"batchItemFailures":[{"itemIdentifier":"c"}]}`:                        {"all"},
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:                         {"all"},
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:                       {"all"},
		`{"batchItemFailures":[{"messageId":"a"}]}`:                             {"all"},
		`{"batchItemFailures":"a"}`:                                             {"all"},
		`{"batchItem`:                                                           {"all"},
	} {
		failed, all := failures([]byte(body), batch)
		got := slices.Sorted(maps.Keys(failed))
		if all {
			got = []string{"all"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", body, diff)
		}
	}
}
