package stacks_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/thingpress/thingpress/internal/stack"
)

// obeys gives orders to imports: each must reach the job and the decoder once, an order that was
// given already must do no harm, and one that makes no sense must say what does. Only to repeat a
// retry tells the decoder again, because nobody else does if the first message is lost.
func (d *deployed) obeys(t *testing.T) {
	prints := func(exit int, want string, args ...string) {
		t.Helper()
		out, said := d.exits(exit, args...)
		if !regexp.MustCompile(want).MatchString(out + said) {
			t.Errorf("%v prints\n%s%s\nno %q", args, out, said, want)
		}
	}
	ordered := func(id, want string) {
		t.Helper()
		job, err := d.ledger.Get(t.Context(), id)
		if err != nil || job.Order.Kind != want || want != "" && job.Order.By == "" {
			t.Errorf("the job has the order %+v, want %q; %v", job.Order, want, err)
		}
	}
	running := "import " + idRunning + " of running.txt is "
	prints(0, "^"+running+"paused\n2,000 entries = 500 imported .* 1,500 pending\nNothing is lost.*\n"+
		"To go on: thingpress resume "+idRunning+"\n$",
		"pause", "--yes", idRunning[:13])
	ordered(idRunning, stack.OrderPause)
	prints(0, running+"already paused", "pause", "--yes", idRunning)
	prints(3, idRunning+`  \S+\n    paused 500/2,000 \(25%\)\n`, "status")
	prints(1, "cannot retry: it is paused\nhint: resume it with thingpress resume "+idRunning, "retry", "--yes", idRunning)
	prints(0, running+"resumed\n(.*\n)To follow it: thingpress stack import --follow "+idRunning, "resume", "--yes", idRunning)
	ordered(idRunning, stack.OrderResume)
	prints(0, running+"already resumed", "resume", "--yes", idRunning)
	prints(0, running+"cancelled\n(.*\n)What was imported stays in AWS IoT. 1,500 pending entries will not be imported",
		"cancel", "--yes", idRunning)
	ordered(idRunning, stack.OrderCancel)
	prints(0, running+"already cancelled", "cancel", "--yes", idRunning)
	prints(1, "cannot pause: it is cancelled\nhint: import what is left with thingpress retry "+idRunning, "pause", "--yes", idRunning)

	// moto's event source receives what waits whenever something is sent. A message that it has received
	// three times would be parked.
	told := d.received("ManifestsQueue")
	prints(1, "cannot cancel: it has ended\nhint: import what is left with thingpress retry", "cancel", "--yes", idMixed)
	prints(1, "cannot retry: it has not ended\nhint: wait for its end with thingpress stack import --follow", "retry", "--yes", idReading)
	prints(0, "import "+idReading+" of reading.csv is not paused\n", "resume", "--yes", idReading)
	prints(0, "import "+idMixed+" of mixed.csv is opened again\n", "retry", "--yes", idMixed)
	ordered(idMixed, stack.OrderRetry)
	prints(0, "import "+idMixed+" of mixed.csv is already opened again\n", "retry", "--yes", idMixed)
	prints(3, "import "+idMixed+": waiting\n", "import", idMixed)

	prints(2, "the IDs of 6 imports begin with 0199f1c2:\n +"+idReading+"  reading  .*  reading.csv\n(.*\n)*hint: use more characters",
		"pause", "--yes", "0199F1C2")
	prints(2, "no import of stack thingpress has an ID that begins with 77; the latest are:\n +"+idReading, "cancel", "--yes", "77")

	tasks := strings.Join(append(told, d.received("ManifestsQueue")...), "\n")
	for id, want := range map[string]int{idRunning: 3, idMixed: 2, idReading: 0} {
		if n := strings.Count(tasks, `{"thingpress":"continue","import":"`+id+`"}`); n != want {
			t.Errorf("the decoder was told %d times of %s, want %d", n, id, want)
		}
	}
}

// received returns the bodies of the messages in a queue.
func (d *deployed) received(queue string) (bodies []string) {
	d.Helper()
	for {
		out, err := d.sqs.ReceiveMessage(d.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(d.resources[queue]), MaxNumberOfMessages: 10, VisibilityTimeout: 600,
		})
		if err != nil {
			d.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return bodies
		}
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
		}
	}
}
