package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/thingpress/thingpress/internal/stack"
)

// EventSource is the source of all events of Thingpress.
const EventSource = "thingpress"

// DetailTypes are the detail types of events by kind of the notice.
var DetailTypes = map[string]string{
	stack.NoticeEnded: "Thingpress Import Ended", stack.NoticeStalled: "Thingpress Import Stalled",
	stack.NoticeUnreported: "Thingpress Report Missing", stack.NoticeCommand: "Thingpress Command Ended",
}

// BusAPI has the operation of EventBridge that a [Bus] calls, as *eventbridge.Client does.
type BusAPI interface {
	PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, options ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// A Bus is the default event bus of the account. It is safe for concurrent use.
type Bus struct{ api BusAPI }

// NewBus returns the bus.
func NewBus(api BusAPI) *Bus { return &Bus{api} }

// Name implements [stack.Channel].
func (b *Bus) Name() string { return "EventBridge" }

// Send implements [stack.Channel]. EventBridge accepts events of up to 256 KB (EventBridge quotas), and
// an event has at most some dozen kilobytes, because its reasons are limited.
func (b *Bus) Send(ctx context.Context, n stack.Notice) error {
	detail, err := json.Marshal(n.Event)
	if err != nil {
		return fmt.Errorf("event of import %s: %w", n.Event.Import, err)
	}
	out, err := b.api.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String(EventSource), DetailType: aws.String(DetailTypes[n.Kind]), Detail: aws.String(string(detail)),
		Time: aws.Time(time.Now()),
	}}})
	if err == nil && out.FailedEntryCount > 0 && len(out.Entries) > 0 {
		err = fmt.Errorf("%s: %s", aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage))
	}
	if err != nil {
		return fmt.Errorf("event of import %s: %w", n.Event.Import, err)
	}
	return nil
}
