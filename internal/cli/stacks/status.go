package stacks

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newStatus(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the state of the stack",
		Long: `Show the version of the stack, its state in CloudFormation, its queues, its alarms,
who gets its notices, and the progress of its unfinished imports with the time left.
Imports share the quotas; those with fewer devices left end first.

It exits with 3 if something needs attention: a failed deployment, undeliverable
messages, an alarm, a notice that could not be sent, a stalled import, or an import
that ended in the last three days and was stopped, or has failed or rejected entries.
Such an import no longer counts after a retry or a newer upload to the same key.`,
		Example: `  thingpress stack status
  thingpress stack status --stack line-2 --output json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return showStatus(c.Context(), o, streams) },
	}
	o.add(c)
	return c
}

func showStatus(ctx context.Context, o stackFlags, streams terminal.Streams) error {
	stack, err := o.open(ctx, streams)
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
	open   []importAhead          // imports that have not ended
	ended  []operate.Import       // imports that ended recently, and not as wanted
	topic  *operate.Subscribers   // nil if unknown
	unsent []functions.KeptNotice // notices that could not be sent yet
	unread []string               // what could not be read, as remarks
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
	if err := h.readImports(ctx); err != nil {
		h.unread = append(h.unread, fmt.Sprintf("imports cannot be read: %v", awsiot.Explain(err)))
	}
	if topic, err := stack.Subscribers(ctx); err != nil {
		h.unread = append(h.unread, fmt.Sprintf("subscribers to the notices cannot be read: %v", awsiot.Explain(err)))
	} else {
		h.topic = &topic
	}
	if h.unsent, err = stack.KeptNotices(ctx); err != nil {
		h.unread = append(h.unread, fmt.Sprintf("kept notices cannot be read: %v", awsiot.Explain(err)))
	}
	return h, ctx.Err()
}

const (
	// recentMost and recentFor limit the ended imports that need attention: the newest uploads, and
	// time since their end.
	recentMost = 100
	recentFor  = 3 * 24 * time.Hour
)

func (h *health) readImports(ctx context.Context) error {
	var open []operate.Import
	for i, err := range h.stack.OpenImports(ctx) {
		if err != nil {
			return err
		}
		if !i.Ended() { // it may have ended meanwhile
			open = append(open, i)
		}
	}
	now, newer, n := time.Now(), map[[2]string]bool{}, 0
	h.open = forecastAll(open, now)
	for i, err := range h.stack.Imports(ctx) {
		if err != nil {
			return err
		}
		object := [2]string{i.Job.Upload.Bucket, i.Job.Upload.Key}
		if !newer[object] && i.Ended() && !i.Job.Cancelled() && now.Sub(i.Job.Updated) < recentFor &&
			(i.Stopped() || i.Counts().Failed+i.Counts().Rejected > 0) {
			h.ended = append(h.ended, i)
		}
		newer[object] = true
		if n++; n == recentMost {
			break
		}
	}
	return nil
}

// attention returns remarks about what needs attention, with what to do about it.
func (h *health) attention() []string {
	list, naming := append([]string{}, h.unread...), namingOf(h.stack.Name)
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
			remark("%s in %s could not be handled: fix the cause that the functions' logs name, then run thingpress stack redrive%s",
				progress.Plural(n, "message", "messages"), q.LogicalID, naming)
		}
	}
	for _, a := range h.alarms {
		if a.State == "ALARM" {
			remark("%s: %s", a.LogicalID, a.Reason)
		}
	}
	for _, i := range h.open {
		if cause := i.Cause(); cause != "" && !i.Job.Held() {
			remark("import %s is stalled: %s", i.Job.Import, cause)
		}
	}
	if n := len(h.unsent); n > 0 {
		remark("%s could not be sent by %s and will be sent when it works again: %s", progress.Plural(n, "notice", "notices"),
			h.unsent[0].Channel, h.unsent[0].Cause)
	}
	for _, i := range h.ended {
		name, c := path.Base(i.Job.Upload.Key), i.Counts()
		if i.Stopped() {
			remark("import %s of %s was stopped: %s; fix the cause, then run thingpress retry %[1]s%[4]s", i.Job.Import, name, i.Cause(), naming)
		} else {
			remark("import %s of %s ended with %s failed, %s rejected; see why with thingpress stack import %[1]s%[5]s", i.Job.Import, name,
				count(c.Failed), count(c.Rejected), naming)
		}
	}
	return list
}

// print prints the health as a screen: what needs no attention takes a line each.
func (h *health) print(streams terminal.Streams, attention []string) error {
	state := streams.Ink(terminal.Green, "nothing needs attention")
	if len(attention) > 0 {
		state = streams.Ink(terminal.Red, "needs attention")
	}
	deployed := h.stack.Version
	switch current := version.Current(); deployed {
	case "":
		deployed = "unknown, deployed by an older version or by another program"
	case current:
	default:
		deployed += "; this program is " + current
	}
	text := plain.Sprintf("stack %s in account %s, %s: %s\nversion  %s\nhealth   ", h.stack.Name, h.stack.ID, h.stack.Region,
		strings.ToLower(strings.ReplaceAll(h.stack.Status, "_", " ")), deployed) + state + "\n"
	text += plain.Sprintf("queues   %s\nalarms   %s\nnotices  %s\n", queuesText(h.queues), alarmsText(h.alarms), topicText(h.topic))
	if len(h.open) == 0 {
		text += "imports  none is running\n"
	} else {
		text += "imports  " + progress.Plural(len(h.open), "has", "have") + " not ended\n"
	}
	for _, i := range h.open {
		name := path.Base(i.Job.Upload.Key)
		if i.Job.Command != nil {
			name = i.Job.Command.Verb + " of " + name
		}
		text += plain.Sprintf("  %s  %s\n    %s\n", i.Job.Import, name, i.status(time.Now()))
	}
	if len(attention) > 0 {
		text += "\nneeds attention:\n"
	}
	for _, remark := range attention {
		text += plain.Sprintf("  %s\n", remark)
	}
	// All text of others is cleaned above, and the stream would clean colours as well.
	_, err := fmt.Fprint(terminal.Raw(streams.Out), text)
	return err
}

// queuesText returns one line about all queues.
func queuesText(queues []operate.Queue) string {
	var parts []string
	empty := 0
	for _, q := range queues {
		var counts []string
		for _, c := range []struct {
			n    int
			what string
		}{{q.Visible, "waiting"}, {q.InFlight, "in flight"}, {q.Delayed, "delayed"}} {
			if c.n > 0 {
				counts = append(counts, progress.Count(c.n)+" "+c.what)
			}
		}
		switch {
		case q.Unreadable != "":
			parts = append(parts, q.LogicalID+" cannot be read")
		case len(counts) == 0:
			empty++
		default:
			if q.OldestSeconds != nil {
				counts = append(counts, "the oldest for "+progress.Duration(time.Duration(*q.OldestSeconds*float64(time.Second))))
			}
			parts = append(parts, q.LogicalID+" "+strings.Join(counts, ", "))
		}
	}
	if empty > 0 {
		parts = append(parts, fmt.Sprintf("%d empty", empty))
	}
	return strings.Join(parts, "; ")
}

// alarmsText returns one line about all alarms.
func alarmsText(alarms []operate.Alarm) string {
	var parts []string
	quiet, unknown := 0, 0
	for _, a := range alarms {
		switch a.State {
		case "ALARM":
			parts = append(parts, a.LogicalID+" rings")
		case "OK":
			quiet++
		default:
			unknown++
		}
	}
	if quiet > 0 {
		parts = append(parts, fmt.Sprintf("%d quiet", quiet))
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d without data yet", unknown))
	}
	return cmp.Or(strings.Join(parts, "; "), "none is known")
}

// topicText returns one line about who gets the notices.
func topicText(topic *operate.Subscribers) string {
	switch {
	case topic == nil:
		return "it is not known who gets them"
	case topic.Confirmed+topic.Pending == 0:
		return "nobody is subscribed; deploy with --parameter NotificationEmail=ADDRESS"
	}
	text := progress.Plural(topic.Confirmed, "subscriber", "subscribers")
	if topic.Pending > 0 {
		text += ", " + count(topic.Pending) + " not confirmed yet"
	}
	return text
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
	Version   string   `json:"version,omitempty"`
	// Subscribers is the number of confirmed subscribers to the notices; nil if unknown.
	Subscribers *int `json:"subscribers,omitempty"`
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
		line := importLineOf(i.Import)
		line.Position, line.Left = i.forecast.Position, i.forecast.Left.Seconds()
		lines = append(lines, line)
	}
	for _, i := range h.ended {
		lines = append(lines, importLineOf(i))
	}
	summary := statusLine{"summary", h.stack.Name, h.stack.ID, h.stack.Region, h.stack.Status, attention, h.stack.Version, nil}
	if h.topic != nil {
		summary.Subscribers = &h.topic.Confirmed
	}
	return append(lines, summary)
}
