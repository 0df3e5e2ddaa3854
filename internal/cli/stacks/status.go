package stacks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newStatus(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the state of the stack",
		Long: `Show the state of the stack in CloudFormation, its queues, its alarms and its
unfinished imports. It exits with 3 if something needs attention, which is a failed
deployment, undeliverable messages, an alarm or a stalled import.`,
		Example: `  thingpress stack status
  thingpress stack status --stack line-2 --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return showStatus(c.Context(), o, streams) },
	}
	o.add(c)
	return c
}

func showStatus(ctx context.Context, o stackFlags, streams terminal.Streams) error {
	stack, err := o.open(ctx)
	if err != nil {
		return err
	}
	h, err := examine(ctx, stack)
	if err != nil {
		return err
	}
	attention := h.attention()
	if o.output == terminal.JSON {
		err = terminal.PrintLines(streams, h.lines(attention))
	} else {
		err = h.print(streams, attention)
	}
	if err == nil && len(attention) > 0 {
		err = exit.Silently(exit.Incomplete)
	}
	return err
}

// A health is the state of a stack and its parts.
type health struct {
	stack  *operate.Stack
	queues []operate.Queue
	alarms []operate.Alarm
	open   []operate.Import // imports that are not done
	unread []string         // what could not be read, as remarks
}

func examine(ctx context.Context, stack *operate.Stack) (health, error) {
	h := health{stack: stack}
	var err error
	if h.queues, err = stack.Queues(ctx); err != nil {
		return h, err
	}
	if h.alarms, err = stack.Alarms(ctx); err != nil {
		h.unread = append(h.unread, fmt.Sprintf("alarms cannot be read: %v", awsiot.Explain(err)))
	}
	for i, err := range stack.OpenImports(ctx) {
		if err != nil {
			h.unread = append(h.unread, fmt.Sprintf("imports cannot be read: %v", awsiot.Explain(err)))
			break
		}
		h.open = append(h.open, i)
	}
	return h, ctx.Err()
}

// attention returns remarks about what needs attention, with what to do about it.
func (h *health) attention() []string {
	list := append([]string{}, h.unread...)
	remark := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if s := h.stack.Status; strings.Contains(s, "FAILED") || strings.Contains(s, "ROLLBACK") {
		text := "CloudFormation says " + s
		if h.stack.Reason != "" {
			text += ": " + h.stack.Reason
		}
		if hint := h.stack.WayOut(); hint != "" {
			text += "; " + hint
		}
		remark("%s", text)
	}
	for _, q := range h.queues {
		if q.Unreadable != "" {
			remark("queue %s cannot be read: %s", q.LogicalID, q.Unreadable)
		}
		if n := q.Visible + q.InFlight; q.Kept && n > 0 {
			remark("%d messages in %s could not be handled: fix the cause that the functions' logs name, then run thingpress stack redrive", n,
				q.LogicalID)
		}
	}
	for _, a := range h.alarms {
		if a.State == "ALARM" {
			remark("%s: %s", a.LogicalID, a.Reason)
		}
	}
	for _, i := range h.open {
		if cause := i.Cause(); cause != "" {
			remark("import %s is stalled: %s", i.Job.Import, cause)
		}
	}
	return list
}

func (h *health) print(streams terminal.Streams, attention []string) error {
	out := streams.Out
	plain.Fprintf(out, "stack %s in account %s, %s: %s\n\n", h.stack.Name, h.stack.ID, h.stack.Region,
		strings.ToLower(strings.ReplaceAll(h.stack.Status, "_", " ")))
	t := streams.Table([]terminal.Column{
		{Name: "QUEUE"}, {Name: "WAITING", Number: true}, {Name: "IN FLIGHT", Number: true},
		{Name: "DELAYED", Number: true, Drop: 1}, {Name: "OLDEST", Drop: 2},
	})
	for _, q := range h.queues {
		if q.Unreadable != "" {
			t.Row(q.LogicalID, "?", "?", "?", "")
			continue
		}
		oldest := ""
		if q.OldestSeconds != nil {
			oldest = progress.Duration(time.Duration(*q.OldestSeconds * float64(time.Second)))
		}
		t.Row(q.LogicalID, strconv.Itoa(q.Visible), strconv.Itoa(q.InFlight), strconv.Itoa(q.Delayed), oldest)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if len(h.open) == 0 {
		fmt.Fprintln(out, "no import is running")
	} else if err := printImports(streams, h.open); err != nil {
		return err
	}
	if len(attention) == 0 {
		_, err := fmt.Fprintln(out, "\nnothing needs attention")
		return err
	}
	fmt.Fprintln(out, "\nneeds attention:")
	for _, text := range attention {
		plain.Fprintf(out, "  %s\n", text)
	}
	return nil
}

// A queueLine is a queue as JSON.
type queueLine struct {
	Type string `json:"type"`
	operate.Queue
}

// An alarmLine is an alarm as JSON.
type alarmLine struct {
	Type string `json:"type"`
	operate.Alarm
}

// A statusLine is the last line of JSON.
type statusLine struct {
	Type      string   `json:"type"`
	Stack     string   `json:"stack"`
	Account   string   `json:"account"`
	Region    string   `json:"region"`
	Status    string   `json:"status"`
	Attention []string `json:"attention"`
}

// lines returns the health as lines of JSON.
func (h *health) lines(attention []string) []any {
	var lines []any
	for _, q := range h.queues {
		lines = append(lines, queueLine{"queue", q})
	}
	for _, a := range h.alarms {
		lines = append(lines, alarmLine{"alarm", a})
	}
	for _, i := range h.open {
		lines = append(lines, importLineOf(i))
	}
	return append(lines, statusLine{"summary", h.stack.Name, h.stack.ID, h.stack.Region, h.stack.Status, attention})
}
