package stacks_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
)

// park puts messages into a queue.
func (d *deployed) park(name string, bodies ...string) {
	d.Helper()
	messages := make([]stack.Message, len(bodies))
	for i, body := range bodies {
		messages[i].Body = body
	}
	if err := queue.New(d.sqs, d.resources[name]).Send(d.Context(), messages); err != nil {
		d.Fatal(err)
	}
}

// redrives moves a task, an event of S3, a device and rubbish. The stopped import must be opened again, or
// its message would do nothing, and the command must say what became of it.
func (d *deployed) redrives(t *testing.T) {
	device := stack.DeviceMessage{Import: idGood, Entry: 0, ThingName: "imported-0", Certificate: []byte("c")}
	d.park("DevicesParkedQueue", device.Message(0).Body, "no device at all")
	d.park("ManifestsParkedQueue", stack.Task{Kind: stack.TaskContinue, Import: idStopped, Attempt: 20}.Message(0).Body)
	c := d.command("redrive")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for job := (stack.Job{}); job.Order.Kind != stack.OrderRetry; <-tick.C {
		var err error
		if job, err = d.ledger.Get(t.Context(), idStopped); err != nil {
			t.Fatal(err)
		}
		if job.Order.Kind == stack.OrderRetry { // as the decoder does, which finds nothing better
			if err := d.ledger.FinishOrder(t.Context(), idStopped, job.Order); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Wait(); c.ProcessState.ExitCode() != 3 {
		t.Errorf("exit code %d: %v", c.ProcessState.ExitCode(), err)
	}
	for _, want := range []string{
		"ManifestsParkedQueue: 1 message moved to ManifestsQueue, completed\n",
		"DevicesParkedQueue: 1 message moved to DevicesQueue, completed; 1 message stays, which no function could handle\n",
		"import " + idGood + " of good.7z is finished; 1 device was tried again, 0 failed\n",
		"import " + idStopped + " of stopped.json is stopped: no signers: the signer bucket is empty\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if tasks := strings.Join(d.received("ManifestsQueue"), "\n"); !strings.Contains(tasks, idStopped) || strings.Contains(tasks, `"attempt"`) {
		t.Errorf("the decoder gets %s", tasks)
	}
}
