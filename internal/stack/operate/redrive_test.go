package operate

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// A device that failed because ten days were over would fail again at once if its message
// kept the times. What is not a message of ours must stay, or it would be lost.
func TestRedriveGivesDevicesTimeAndLeavesWhatNobodyCanHandle(t *testing.T) {
	t.Parallel()
	url := require.ElasticMQ(t)
	client := sqs.New(sqs.Options{
		BaseEndpoint: &url, Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	s := &Stack{
		Account: &Account{Region: "eu-central-1", queues: client, messages: client, parked: client, cloudwatch: blind{}},
		Name:    "line", resources: map[string]string{},
	}
	queues := map[string]*stacktest.Queue{}
	for _, name := range []string{
		"ManifestsParkedQueue", "ManifestsDeadLetterQueue", "ManifestsQueue", "DevicesParkedQueue", "DevicesDeadLetterQueue", "DevicesQueue",
	} {
		q := stacktest.CreateQueue(t, client, name, time.Minute, nil, 0)
		s.resources[name], queues[name] = q.URL, q
	}
	long := time.Now().Add(-11 * 24 * time.Hour)
	for n := range 23 {
		m := stack.DeviceMessage{Import: "i", Entry: n, ThingName: "a", Certificate: []byte("c"), First: long, Since: &long, Attempt: 900}
		if err := queues["DevicesParkedQueue"].Send(t.Context(), m.Message(0).Body); err != nil {
			t.Fatal(err)
		}
	}
	if err := queues["DevicesParkedQueue"].Send(t.Context(), "no device at all"); err != nil {
		t.Fatal(err)
	}
	moves, imports, err := s.Redrive(t.Context(), func(Move) {})
	if err != nil {
		t.Fatal(err)
	}
	want := []Move{
		{From: "ManifestsParkedQueue", To: "ManifestsQueue", Status: "EMPTY"},
		{From: "DevicesParkedQueue", To: "DevicesQueue", Moved: 23, Total: 24, Left: 1, Status: "COMPLETED"},
	}
	if diff := cmp.Diff(want, moves); diff != "" || len(imports) != 1 || len(imports[0].Devices) != 23 {
		t.Error(diff, imports)
	}
	if depth, err := queues["DevicesParkedQueue"].Depth(t.Context()); err != nil || depth != 1 {
		t.Errorf("%d messages are left, %v", depth, err)
	}
	if moves, _, err = s.Redrive(t.Context(), func(Move) {}); err == nil || moves[1].Status != "FAILED" {
		t.Errorf("a message that is still hidden is passed over: %+v, %v", moves, err)
	}
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queues["DevicesQueue"].URL})
	if err != nil || len(out.Messages) == 0 {
		t.Fatal(out, err)
	}
	m, err := stack.ParseDeviceMessage(*out.Messages[0].Body)
	if err != nil || m.Attempt != 0 || m.Since != nil || time.Since(m.First) > time.Hour || m.Import != "i" {
		t.Errorf("%+v, %v", m, err)
	}
}
