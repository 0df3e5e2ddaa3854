package stacktest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// lines is a log that counts each line.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) counts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]int{}
	for line := range strings.Lines(l.text.String()) {
		counts[strings.TrimSpace(line)]++
	}
	return counts
}

// TestSource has every test that needs queues, so that they share one ElasticMQ.
func TestSource(t *testing.T) {
	t.Parallel()
	url := require.ElasticMQ(t)
	client := sqs.New(sqs.Options{BaseEndpoint: &url, Region: stacktest.Region, Credentials: stacktest.Credentials()})
	for name, test := range map[string]func(*testing.T, *sqs.Client){
		"MessagesComeInBatchesAndAreDeleted":                 messagesComeInBatches,
		"FailedMessageComesAgainAndThenToTheDeadLetterQueue": failedMessageComesAgain,
		"NothingIsDeletedWhenTheFunctionFails":               nothingIsDeleted,
		"MessagesExpire":                                     messagesExpire,
		"QueueDeliversTwiceAndLate":                          queueDeliversTwice,
		"MovedMessagesAreAsNew":                              movedMessagesAreNew,
		"DepthOfAQueueThatIsGoneIsAnError":                   depthOfAQueueThatIsGone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, client)
		})
	}
}

// longest is the longest visibility timeout of SQS. It ends in no test, however slow the machine is.
const longest = 12 * time.Hour

// queues creates a queue and its dead-letter queue for one test.
func queues(t *testing.T, client *sqs.Client, visibility time.Duration) (queue, dead *stacktest.Queue) {
	t.Helper()
	_, name, _ := strings.Cut(t.Name(), "/")
	dead = stacktest.CreateQueue(t, client, name+"-dead", visibility, nil, 0)
	return stacktest.CreateQueue(t, client, name, visibility, dead, 2), dead
}

func send(t *testing.T, q *stacktest.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if err := q.Send(t.Context(), body); err != nil {
			t.Fatal(err)
		}
	}
}

// drained waits until a queue has n messages.
func drained(t *testing.T, q *stacktest.Queue, n int) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for range again.C {
		depth, err := q.Depth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if depth == n {
			return
		}
	}
}

func messagesComeInBatches(t *testing.T, client *sqs.Client) {
	queue, _ := queues(t, client, longest)
	var want []string
	for i := range 65 {
		want = append(want, strconv.Itoa(i))
	}
	log := &lines{}
	batch := function(t, "batch", func(o *stacktest.FunctionOptions) { o.Log = log })
	invocations := make(chan int, len(want))
	start := func(window time.Duration) *stacktest.Source {
		return stacktest.StartSource(t, client, batch, stacktest.SourceOptions{
			Queue: queue.URL, QueueARN: queue.ARN, BatchSize: 25, Window: window, Partial: true, Concurrency: 1,
			Observe: func(batch []types.Message, _ error) { invocations <- len(batch) },
		})
	}
	send(t, queue, want[:50]...)
	source := start(time.Hour)
	if first, second := <-invocations, <-invocations; first != 25 || second != 25 {
		t.Errorf("batches of %d and %d messages, want those that are full before the window ends", first, second)
	}
	drained(t, queue, 0)
	source.Stop()
	source = start(200 * time.Millisecond)
	send(t, queue, want[50:]...)
	for left := 15; left > 0; { // for ever if a batch waits for more messages than there are
		left -= <-invocations
	}
	drained(t, queue, 0)
	source.Stop()
	batch.Stop() // its output has been copied then
	expected := map[string]int{}
	for _, body := range want {
		expected[body+" 1"] = 1
	}
	if diff := cmp.Diff(expected, log.counts()); diff != "" {
		t.Error(diff)
	}
}

func messagesExpire(t *testing.T, client *sqs.Client) {
	queue, _ := queues(t, client, longest)
	for i := range 3 {
		send(t, queue, strings.Fields(strings.Repeat(strconv.Itoa(i)+" ", 10))...)
	}
	log := &lines{}
	batch := function(t, "batch", func(o *stacktest.FunctionOptions) { o.Log = log })
	source := stacktest.StartSource(t, client, batch, stacktest.SourceOptions{
		Queue: queue.URL, QueueARN: queue.ARN, BatchSize: 10, Partial: true, Concurrency: 1, Retention: 12,
	})
	drained(t, queue, 0)
	source.Stop()
	batch.Stop()
	got := 0
	for _, n := range log.counts() {
		got += n
	}
	// The last that is delivered has waited for 12 others.
	if got != 13 || source.Aged() != 17 {
		t.Errorf("%d messages were delivered and %d were too old, want 13 and 17", got, source.Aged())
	}
}

func failedMessageComesAgain(t *testing.T, client *sqs.Client) {
	queue, dead := queues(t, client, longest)
	send(t, queue, "good", "bad", "1 times bad")
	log := &lines{}
	batch := function(t, "batch", func(o *stacktest.FunctionOptions) { o.Log = log })
	source := stacktest.StartSource(t, client, batch, stacktest.SourceOptions{
		Queue: queue.URL, QueueARN: queue.ARN, BatchSize: 10, Window: 200 * time.Millisecond, Partial: true, Concurrency: 2,
		Observe: func(batch []types.Message, _ error) {
			for _, m := range batch {
				if *m.Body != "bad" && m.Attributes["ApproximateReceiveCount"] != "1" || *m.Body == "good" { // it is deleted
					continue
				}
				// The visibility timeout ends here, so that none ends while a function works.
				if _, err := client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
					QueueUrl: &queue.URL, ReceiptHandle: m.ReceiptHandle,
				}); err != nil {
					t.Error(err)
				}
			}
		},
	})
	drained(t, dead, 1)
	drained(t, queue, 0)
	source.Stop()
	batch.Stop()
	want := map[string]int{"good 1": 1, "bad 1": 1, "bad 2": 1, "1 times bad 1": 1, "1 times bad 2": 1}
	if diff := cmp.Diff(want, log.counts()); diff != "" {
		t.Error(diff)
	}
}

func nothingIsDeleted(t *testing.T, client *sqs.Client) {
	queue, dead := queues(t, client, time.Second)
	send(t, queue, "a", "b")
	var mu sync.Mutex
	failed := 0
	source := stacktest.StartSource(t, client, function(t, "fail", nil), stacktest.SourceOptions{
		Queue: queue.URL, QueueARN: queue.ARN, BatchSize: 1, Partial: true, Concurrency: 2,
		Observe: func(_ []types.Message, err error) {
			var told *stacktest.FunctionError
			mu.Lock()
			defer mu.Unlock()
			if errors.As(err, &told) {
				failed++
			}
		},
	})
	drained(t, dead, 2)
	source.Stop() // an invocation may take longer than the visibility timeout
	mu.Lock()
	defer mu.Unlock()
	if failed != 4 {
		t.Errorf("%d invocations failed, want each message twice", failed)
	}
}

func queueDeliversTwice(t *testing.T, client *sqs.Client) {
	queue, _ := queues(t, client, longest)
	var bodies []string
	for i := range 100 {
		bodies = append(bodies, strconv.Itoa(i))
	}
	send(t, queue, bodies...)
	log := &lines{}
	batch := function(t, "batch", func(o *stacktest.FunctionOptions) { o.Log = log })
	source := stacktest.StartSource(t, client, batch, stacktest.SourceOptions{
		Queue: queue.URL, QueueARN: queue.ARN, BatchSize: 10, Partial: true, Concurrency: 2, Twice: 0.5, Late: 0.3, Seed: 1,
	})
	drained(t, queue, 0)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !source.Idle() {
		<-again.C
	}
	source.Stop()
	batch.Stop()
	counts := log.counts()
	if len(counts) != 100 {
		t.Errorf("%d messages were delivered", len(counts))
	}
	twice := 0
	for n := range maps.Values(counts) {
		twice += n - 1
	}
	if twice != source.Twice() || twice < 10 {
		t.Errorf("%d were delivered a second time, %d of them on purpose", twice, source.Twice())
	}
}

func movedMessagesAreNew(t *testing.T, client *sqs.Client) {
	queue, dead := queues(t, client, longest)
	var bodies []string
	for i := range 23 {
		bodies = append(bodies, strconv.Itoa(i))
	}
	send(t, dead, bodies...)
	if moved, err := dead.Move(t.Context(), queue); err != nil || moved != 23 {
		t.Fatalf("%d messages were moved, %v", moved, err)
	}
	if visible, inFlight, _, err := queue.Depths(t.Context()); err != nil || visible != 23 || inFlight != 0 {
		t.Errorf("%d messages are visible and %d in flight, %v", visible, inFlight, err)
	}
	drained(t, dead, 0)
}

func depthOfAQueueThatIsGone(t *testing.T, client *sqs.Client) {
	queue, _ := queues(t, client, time.Second)
	if _, err := client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &queue.URL}); err != nil {
		t.Fatal(err)
	}
	if _, err := queue.Depth(context.Background()); err == nil {
		t.Error("no error")
	}
}
