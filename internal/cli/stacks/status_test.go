package stacks

import (
	"bytes"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// Operators need status when a stack is broken: it must show what it could read, say
// what it could not read, and name the way out.
func TestStatusOfABrokenStackSaysWhatToDo(t *testing.T) {
	t.Parallel()
	h := health{
		stack: &operate.Stack{
			Account: &operate.Account{ID: "123456789012", Region: "us-east-1"}, Name: "line", Status: "ROLLBACK_COMPLETE",
			Reason: "the topic was denied",
		},
		queues: []operate.Queue{
			{LogicalID: "DevicesQueue", Visible: 1007},
			{LogicalID: "ManifestsDeadLetterQueue", Kept: true},
			{LogicalID: "DevicesParkedQueue", Kept: true, Visible: 2, InFlight: 1},
			{LogicalID: "ManifestsQueue", Unreadable: "no sqs:GetQueueAttributes"},
		},
		alarms: []operate.Alarm{
			{LogicalID: "StalledAlarm", State: "ALARM", Reason: "1 datapoint"},
			{LogicalID: "QuietAlarm", State: "OK", Reason: "none"},
		},
		topic:  &operate.Subscribers{Confirmed: 1, Pending: 2},
		unsent: []functions.KeptNotice{{Channel: "SNS", Cause: "the topic does not exist"}, {Channel: "SNS"}},
	}
	attention := h.attention()
	var text, lines bytes.Buffer
	if err := h.print(terminal.Streams{Out: &text}, attention); err != nil {
		t.Fatal(err)
	}
	if err := terminal.PrintLines(terminal.Streams{Out: &lines}, h.lines(attention)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nhealth   needs attention\n", "\nversion  unknown, ",
		"\nqueues   DevicesQueue 1,007 waiting; DevicesParkedQueue 2 waiting, 1 in flight; ManifestsQueue cannot be read; 1 empty\n",
		"\nalarms   StalledAlarm rings; 1 quiet\n", "\nimports  none is running\n",
		"CloudFormation says ROLLBACK_COMPLETE: the topic was denied; the stack was never created", "thingpress stack delete --stack line",
		"3 messages in DevicesParkedQueue could not be handled", "thingpress stack redrive --stack line\n",
		"queue ManifestsQueue cannot be read: no sqs:GetQueueAttributes",
		"StalledAlarm: 1 datapoint", "\nnotices  1 subscriber, 2 not confirmed yet\n",
		"2 notices could not be sent by SNS and will be sent when it works again: the topic does not exist",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "QuietAlarm") || len(attention) != 5 {
		t.Errorf("%d remarks: %q", len(attention), attention)
	}
	for _, want := range []string{
		`"queue":"ManifestsQueue"`, `"error":"no sqs:GetQueueAttributes"`,
		`"status":"ROLLBACK_COMPLETE","attention":["CloudFormation says`,
	} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("no %s in\n%s", want, lines.String())
		}
	}
}
