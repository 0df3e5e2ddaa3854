package operate

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// A fake would accept any call. ElasticMQ moves messages, or reports what is wrong
// with the call; moto does not support moves.
func TestRedriveMovesMessages(t *testing.T) {
	t.Parallel()
	url := require.ElasticMQ(t)
	client := sqs.New(sqs.Options{
		BaseEndpoint: &url, Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	s := &Stack{Account: &Account{Region: "eu-central-1", queues: client, cloudwatch: blind{}}, Name: "line", resources: map[string]string{}}
	// SQS moves messages only out of a queue that is the dead-letter queue of
	// another.
	for _, kind := range []string{"Manifests", "Devices"} {
		parked := stacktest.CreateQueue(t, client, kind+"ParkedQueue", time.Minute, nil, 0)
		dead := stacktest.CreateQueue(t, client, kind+"DeadLetterQueue", time.Minute, parked, 2)
		live := stacktest.CreateQueue(t, client, kind+"Queue", time.Minute, dead, 2)
		for _, q := range []*stacktest.Queue{parked, dead, live} {
			s.resources[q.Name] = q.URL
		}
		if kind == "Devices" {
			for range 7 {
				if err := parked.Send(t.Context(), `{"device":1}`); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	moves, err := s.Redrive(t.Context(), func(Move) {})
	if err != nil {
		t.Fatal(err)
	}
	want := []Move{
		{From: "ManifestsParkedQueue", To: "ManifestsQueue", Status: "EMPTY"},
		{From: "DevicesParkedQueue", To: "DevicesQueue", Moved: 7, Total: 7, Status: "COMPLETED"},
	}
	if diff := cmp.Diff(want, moves); diff != "" {
		t.Error(diff)
	}
}
