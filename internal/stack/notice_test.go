package stack_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
)

// A channel is broken while err is set.
type channel struct {
	name string
	err  error
	sent []string
}

func (c *channel) Name() string { return c.name }

func (c *channel) Send(_ context.Context, n stack.Notice) error {
	if c.err == nil {
		c.sent = append(c.sent, n.Event.Stack+" "+n.Event.Import+" "+n.Text)
	}
	return c.err
}

type outbox struct {
	held map[string]stack.KeptNotice
	err  error
}

func (o *outbox) Keep(_ context.Context, n stack.KeptNotice) error {
	if o.err == nil {
		o.held[n.Event.Import+n.Kind+n.Channel] = n
	}
	return o.err
}

func (o *outbox) Kept(context.Context) iter.Seq2[stack.KeptNotice, error] {
	return func(yield func(stack.KeptNotice, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(o.held)) {
			if !yield(o.held[key], nil) {
				return
			}
		}
	}
}

func (o *outbox) Forget(_ context.Context, n stack.KeptNotice) error {
	delete(o.held, n.Event.Import+n.Kind+n.Channel)
	return nil
}

// A topic that was deleted, or a denied permission, used to keep every import from its end.
func TestABrokenChannelHoldsNothingUpAndIsServedLater(t *testing.T) {
	t.Parallel()
	topic, bus, kept := &channel{name: "SNS"}, &channel{name: "EventBridge"}, &outbox{held: map[string]stack.KeptNotice{}}
	c := &stack.Courier{Stack: "line", Channels: []stack.Channel{topic, bus}, Outbox: kept, Log: slog.New(slog.DiscardHandler)}
	tell := func(id, text string) {
		t.Helper()
		n := stack.Notice{Kind: stack.NoticeEnded, Text: text, Event: stack.Event{Import: id}}
		if err := c.Notify(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	topic.err = errors.New("NotFound: the topic does not exist")
	tell("a", "first")
	tell("a", "second") // it replaces what was not sent
	tell("b", "only")
	if err := c.SendKept(t.Context()); err == nil || len(kept.held) != 2 {
		t.Errorf("%v, %v", err, kept.held)
	}
	topic.err = nil
	for range 2 {
		if err := c.SendKept(t.Context()); err != nil || len(kept.held) != 0 {
			t.Errorf("%v, %v", err, kept.held)
		}
	}
	if diff := cmp.Diff([]string{"line a second", "line b only"}, topic.sent); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"line a first", "line a second", "line b only"}, bus.sent); diff != "" {
		t.Error(diff)
	}

	// What can neither be sent nor kept would be lost: the caller must try again.
	topic.err, kept.err = errors.New("denied"), errors.New("no table")
	if err := c.Notify(t.Context(), stack.Notice{}); !errors.Is(err, topic.err) || !errors.Is(err, kept.err) {
		t.Error(err)
	}
}

// Programs are written from the page: it must document every field, and no other.
func TestPageOfTheEventsHasEveryField(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| field of `detail` |")
	table, _, _ = strings.Cut(table, "\n## ")
	documented := map[string]bool{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 4 && strings.Contains(cells[1], "`") {
			for name := range strings.SplitSeq(cells[1], ",") {
				documented[strings.Trim(name, " `")] = strings.Contains(cells[2], "*optional*")
			}
		}
	}
	fields := map[string]bool{}
	for f := range reflect.TypeFor[stack.Event]().Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = options == "omitempty"
	}
	if diff := cmp.Diff(fields, documented); diff != "" {
		t.Errorf("-event +page:\n%s", diff)
	}
}
