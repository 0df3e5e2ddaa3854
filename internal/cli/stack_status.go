package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newStackStatus(streams Streams) *cobra.Command {
	var o stackFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the stack is",
		Long: `Show how the stack is: CloudFormation's state, the queues, the alarms and the imports that
are not finished. It exits with 3 if something wants attention: a failed deployment,
messages that could not be handled, an alarm, or an import that stands still.`,
		Example: `  thingpress stack status
  thingpress stack status --stack line-2 --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runStackStatus(c.Context(), o, streams)
		},
	}
	o.add(c)
	return c
}

// A stackHealth is what status shows.
type stackHealth struct {
	stack   *operate.Stack
	queues  []operate.Queue
	alarms  []operate.Alarm
	open    []operate.Import
	remarks []string // what wants attention
}

func runStackStatus(ctx context.Context, o stackFlags, streams Streams) error {
	h := stackHealth{}
	var err error
	if h.stack, err = o.open(ctx); err != nil {
		return err
	}
	if err := h.look(ctx); err != nil {
		return ended(ctx, err, "interrupted")
	}
	h.judge()
	if o.output == outputJSON {
		err = h.printJSON(streams.Out)
	} else {
		err = h.print(streams)
	}
	if err == nil && len(h.remarks) > 0 {
		err = &exitError{code: ExitIncomplete}
	}
	return err
}

func (h *stackHealth) look(ctx context.Context) (err error) {
	if h.queues, err = h.stack.Queues(ctx); err != nil {
		return err
	}
	// What cannot be read is what wants attention, and hides nothing else.
	if h.alarms, err = h.stack.Alarms(ctx); err != nil {
		h.remark("alarms cannot be read: %v", err)
	}
	if err := h.imports(ctx); err != nil {
		h.remark("imports cannot be read: %v", err)
	}
	return ctx.Err()
}

// imports reads those that are not done.
func (h *stackHealth) imports(ctx context.Context) error {
	for i, err := range h.stack.OpenImports(ctx) {
		if err != nil {
			return err
		}
		h.open = append(h.open, i)
	}
	return nil
}

func (h *stackHealth) remark(format string, args ...any) {
	h.remarks = append(h.remarks, fmt.Sprintf(format, args...))
}

// judge says what wants attention, and what to do about it.
func (h *stackHealth) judge() {
	remark := h.remark
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
			remark("%d messages in %s could not be handled: see the functions' logs, then run thingpress stack redrive", n, q.LogicalID)
		}
	}
	for _, a := range h.alarms {
		if a.State == "ALARM" {
			remark("%s: %s", a.LogicalID, a.Reason)
		}
	}
	for _, i := range h.open {
		if cause := i.Cause(); cause != "" {
			remark("import %s stands still: %s", i.Job.Import, cause)
		}
	}
}

func (h *stackHealth) print(streams Streams) error {
	out := streams.Out
	fmt.Fprintf(out, "stack %s in account %s, %s: %s\n\n", h.stack.Name, h.stack.ID, h.stack.Region, strings.ToLower(strings.ReplaceAll(h.stack.Status, "_", " ")))
	t := newTable(out, streams.OutTerminal, "QUEUE", "WAITING", "IN FLIGHT", "DELAYED", "OLDEST")
	for _, q := range h.queues {
		oldest := ""
		if q.OldestSeconds != nil {
			oldest = progress.Duration(time.Duration(*q.OldestSeconds * float64(time.Second)))
		}
		if q.Unreadable != "" {
			t.row(q.LogicalID, "?", "?", "?", "")
			continue
		}
		t.row(q.LogicalID, strconv.Itoa(q.Visible), strconv.Itoa(q.InFlight), strconv.Itoa(q.Delayed), oldest)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if len(h.open) == 0 {
		fmt.Fprintln(out, "no import is under way")
	} else if err := printStackImports(streams, h.open); err != nil {
		return err
	}
	if len(h.remarks) == 0 {
		_, err := fmt.Fprintln(out, "\nnothing wants attention")
		return err
	}
	fmt.Fprintln(out, "\nwants attention:")
	for _, r := range h.remarks {
		fmt.Fprintf(out, "  %s\n", plain(r))
	}
	return nil
}

func (h *stackHealth) printJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	for _, q := range h.queues {
		if err := encoder.Encode(struct {
			Type string `json:"type"`
			operate.Queue
		}{"queue", q}); err != nil {
			return err
		}
	}
	for _, a := range h.alarms {
		if err := encoder.Encode(struct {
			Type string `json:"type"`
			operate.Alarm
		}{"alarm", a}); err != nil {
			return err
		}
	}
	for _, i := range h.open {
		if err := encoder.Encode(stackImportLineOf(i)); err != nil {
			return err
		}
	}
	attention := h.remarks
	if attention == nil {
		attention = []string{}
	}
	return encoder.Encode(struct {
		Type      string   `json:"type"`
		Stack     string   `json:"stack"`
		Account   string   `json:"account"`
		Region    string   `json:"region"`
		Status    string   `json:"status"`
		Attention []string `json:"attention"`
	}{"summary", h.stack.Name, h.stack.ID, h.stack.Region, h.stack.Status, attention})
}
