package notice_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/notice"
)

type topic struct {
	in  *sns.PublishInput
	err error
}

func (t *topic) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	t.in = in
	return &sns.PublishOutput{}, t.err
}

// SNS refuses subjects that are not ASCII, contain a line end, or exceed a hundred
// characters. Names of manifests may be all of that.
func TestEverySubjectIsOneThatSNSTakes(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"reel.csv: 3 imported", "Rolle Nº 5 – März\n.csv", strings.Repeat("x", 500), ""} {
		var api topic
		if err := notice.New(&api, "arn", "line-1").Send(t.Context(), stack.Notice{Subject: subject, Text: "text"}); err != nil {
			t.Fatal(err)
		}
		have := *api.in.Subject
		if len(have) > 100 || !strings.HasPrefix(have, "Thingpress line-1: ") ||
			strings.ContainsFunc(have, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q", have)
		}
		if *api.in.TopicArn != "arn" || *api.in.Message != "text" {
			t.Errorf("%+v", api.in)
		}
	}
}

func TestALongTextIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	var api topic
	if err := notice.New(&api, "arn", "s").Send(t.Context(), stack.Notice{Text: strings.Repeat("ä", 300<<10)}); err != nil {
		t.Fatal(err)
	}
	if text := *api.in.Message; len(text) > 256<<10 || !strings.Contains(text, "(cut:") || strings.ToValidUTF8(text, "") != text {
		t.Errorf("%d bytes", len(text))
	}
}

func TestAFailedNoticeIsAnError(t *testing.T) {
	t.Parallel()
	cause := errors.New("denied")
	if err := notice.New(&topic{err: cause}, "arn", "s").Send(t.Context(), stack.Notice{}); !errors.Is(err, cause) {
		t.Error(err)
	}
}

// A subscriber that waits for failed imports only filters by these attributes. SNS refuses empty ones.
func TestSubscribersCanFilterByAttributes(t *testing.T) {
	t.Parallel()
	var api topic
	n := stack.Notice{Event: stack.Event{Kind: stack.NoticeEnded, Import: "i", State: "finished", Counts: ledger.Counts{Failed: 12}}}
	if err := notice.New(&api, "arn", "s").Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for name, a := range api.in.MessageAttributes {
		have[name] = *a.DataType + " " + *a.StringValue
	}
	want := map[string]string{
		"kind": "String ended", "import": "String i", "state": "String finished", "failed": "Number 12", "rejected": "Number 0",
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

type bus struct {
	in     *eventbridge.PutEventsInput
	failed int32
}

func (b *bus) PutEvents(
	_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options),
) (*eventbridge.PutEventsOutput, error) {
	b.in = in
	code := "ThrottlingException"
	return &eventbridge.PutEventsOutput{FailedEntryCount: b.failed, Entries: []types.PutEventsResultEntry{{ErrorCode: &code}}}, nil
}

// EventBridge answers 200 even if it took no event.
func TestAnEventThatTheBusRefusesIsAnError(t *testing.T) {
	t.Parallel()
	for kind, detailType := range notice.DetailTypes {
		var api bus
		n := stack.Notice{Kind: kind, Event: stack.Event{Schema: 1, Import: "i", State: "stopped"}}
		if err := notice.NewBus(&api).Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		e := api.in.Entries[0]
		if *e.Source != "thingpress" || *e.DetailType != detailType || !strings.Contains(*e.Detail, `"import":"i","state":"stopped"`) {
			t.Errorf("%s %s %s", *e.Source, *e.DetailType, *e.Detail)
		}
		if err := notice.NewBus(&bus{failed: 1}).Send(t.Context(), n); err == nil || !strings.Contains(err.Error(), "Throttling") {
			t.Error(err)
		}
	}
}
