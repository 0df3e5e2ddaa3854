package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
	"github.com/thingpress/thingpress/internal/stack/decode"
)

// A Move is the move of messages from a parked queue to the queue from which they
// came.
type Move struct {
	// From and To are logical IDs of queues.
	From string `json:"from"`
	To   string `json:"to"`
	// Moved of about Total messages have been moved.
	Moved int64 `json:"moved"`
	Total int64 `json:"total"`
	// Left is the number of messages that stay, because no function could handle them.
	Left int64 `json:"left,omitempty"`
	// Status is COMPLETED, FAILED, or EMPTY if there was nothing to move.
	Status string `json:"status"`
}

// A Redriven is an import of which messages were moved back.
type Redriven struct {
	Import string
	// Devices are the entries of its devices whose messages were moved.
	Devices []int
	// Reopened is set if the import had ended and was opened again.
	Reopened bool
	at       time.Time
}

// A redrive moves parked messages. Moving a message twice does no harm.
type redrive struct {
	*Stack
	begun   time.Time
	imports map[string]*Redriven
}

// Redrive moves parked messages back to the queues from which they came. It opens imports again that
// were stopped because of such a message, and lets devices be tried for another ten days. Watch is
// called with the progress. Redrive continues after an error with one queue; the Move of that queue
// has the status FAILED, and the error includes the reason. A queue of which an earlier redrive hides
// all messages for minutes, because it was interrupted or could not move them, is such an error.
//
// SQS could move the messages itself, but does not tell which imports they belong to.
func (s *Stack) Redrive(ctx context.Context, watch func(Move)) ([]Move, []Redriven, error) {
	states, err := s.Queues(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := &redrive{Stack: s, begun: time.Now(), imports: map[string]*Redriven{}}
	var moves []Move
	var failures []error
	for _, q := range states {
		if !strings.HasSuffix(q.LogicalID, "ParkedQueue") {
			continue
		}
		move := Move{From: q.LogicalID, To: strings.Replace(q.LogicalID, "Parked", "", 1), Total: int64(q.Visible), Status: "EMPTY"}
		var err error
		switch {
		case q.Unreadable != "":
			err = errors.New(q.Unreadable)
		case q.Visible > 0:
			move.Status = "COMPLETED"
			err = r.moveAll(ctx, &move, watch)
		case q.InFlight > 0:
			err = fmt.Errorf("an earlier redrive received %s less than %d minutes ago and did not move what is left: "+
				"wait that long, then run it again", progress.Plural(q.InFlight, "message", "messages"), handling/60)
		}
		if err != nil {
			move.Status = "FAILED"
			failures = append(failures, fmt.Errorf("redrive %s to %s: %w", move.From, move.To, err))
		}
		moves = append(moves, move)
	}
	var touched []Redriven
	for _, i := range r.imports {
		touched = append(touched, *i)
	}
	slices.SortFunc(touched, func(a, b Redriven) int { return strings.Compare(a.Import, b.Import) })
	return moves, touched, errors.Join(failures...)
}

const (
	// handling is how long SQS hides a received message from others, in seconds.
	handling = 300
	// again bounds how many more messages are moved than there were, because what fails at once comes back.
	again = 2
)

func (r *redrive) moveAll(ctx context.Context, m *Move, watch func(Move)) error {
	from, err := r.resource(m.From)
	if err != nil {
		return err
	}
	to, err := r.resource(m.To)
	if err != nil {
		return err
	}
	for m.Moved+m.Left < again*m.Total {
		out, err := r.parked.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &from, MaxNumberOfMessages: 10, VisibilityTimeout: handling, WaitTimeSeconds: 1,
		})
		if err != nil {
			return err
		}
		if len(out.Messages) == 0 {
			return nil
		}
		var messages []stack.Message
		var done []types.DeleteMessageBatchRequestEntry
		for n, message := range out.Messages {
			body, known, err := r.prepare(ctx, aws.ToString(message.Body))
			if err != nil {
				return err
			}
			if !known {
				m.Left++
				continue
			}
			messages = append(messages, body)
			done = append(done, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(n)), ReceiptHandle: message.ReceiptHandle})
		}
		if len(messages) == 0 {
			continue
		}
		if err := queue.New(r.messages, to).Send(ctx, messages); err != nil {
			return err
		}
		// A message that is not deleted is moved once more, which does no harm.
		if _, err := r.parked.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &from, Entries: done}); err != nil {
			return err
		}
		m.Moved += int64(len(messages))
		watch(*m)
	}
	return nil
}

// prepare returns the message to send, and opens the imports again that it is about. Known is false
// for a message that no function can handle.
func (r *redrive) prepare(ctx context.Context, body string) (m stack.Message, known bool, err error) {
	if device, err := stack.ParseDeviceMessage(body); err == nil {
		touched := r.touch(device.Import)
		touched.Devices = append(touched.Devices, device.Entry)
		device.First, device.Attempt, device.Since = r.begun.UTC().Truncate(time.Second), 0, nil
		return device.Message(0), true, nil
	}
	var imports []string
	task, ours, err := stack.ParseTask(body)
	switch {
	case err != nil:
		return m, false, nil
	case ours && task.Import != "":
		imports, task.Attempt = []string{task.Import}, 0
		m = task.Message(0)
	case ours:
		return task.Message(0), true, nil
	default:
		if imports, err = r.importsOf(ctx, body); err != nil || imports == nil {
			return m, false, err
		}
		m = stack.Message{Body: body}
	}
	for _, id := range imports {
		if err := r.reopen(ctx, id); err != nil {
			return m, false, err
		}
	}
	return m, true, nil
}

func (r *redrive) touch(id string) *Redriven {
	if r.imports[id] == nil {
		r.imports[id] = &Redriven{Import: id, at: r.begun}
	}
	return r.imports[id]
}

// importsOf returns the imports of the uploads in an event of S3; nil for any other body. An upload
// that has no import yet gets one when the message is handled.
func (r *redrive) importsOf(ctx context.Context, body string) ([]string, error) {
	uploads, err := decode.Uploads(body)
	if err != nil {
		return nil, nil //nolint:nilerr // nobody can handle it
	}
	t, err := r.table()
	if err != nil {
		return nil, err
	}
	imports := []string{}
	for _, u := range uploads {
		id, err := jobtable.New(t).ImportOf(ctx, u)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		imports = append(imports, id)
	}
	return imports, nil
}

// reopen opens an import again that has ended, unless an operator cancelled it.
func (r *redrive) reopen(ctx context.Context, id string) error {
	i, err := r.Import(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	touched := r.touch(id)
	if !i.Job.Ended() || i.Job.Cancelled() || touched.Reopened {
		return nil
	}
	_, err = r.Order(ctx, id, stack.OrderRetry)
	var refused *stack.OrderError
	if errors.As(err, &refused) { // somebody else was faster
		return nil
	}
	touched.Reopened = err == nil
	return err
}

// followed is the maximum number of devices whose outcomes are read at a time.
const followed = 100

// Await waits until what was moved of an import is done, and returns the import with the number of
// moved devices that failed again. Watch is called with the number of devices that are not done.
func (s *Stack) Await(ctx context.Context, r Redriven, watch func(i Import, left int)) (i Import, failed int, err error) {
	l, err := s.Ledger()
	if err != nil {
		return Import{}, 0, err
	}
	left := slices.Clone(r.Devices)
	for {
		var waiting []int
		for chunk := range slices.Chunk(left, followed) {
			outcomes, err := l.Outcomes(ctx, r.Import, chunk)
			if err != nil {
				return Import{}, 0, err
			}
			for _, entry := range chunk {
				switch record, ok := outcomes[entry]; {
				case !ok || record.Outcome == ledger.Failed && record.At.Before(r.at):
					waiting = append(waiting, entry)
				case record.Outcome == ledger.Failed:
					failed++
				}
			}
		}
		left = waiting
		if i, err = s.Import(ctx, r.Import); err != nil {
			return i, failed, err
		}
		if len(left) == 0 && i.Ended() && (i.Record == nil || i.Record.State != ledger.StateRunning) {
			return i, failed, nil
		}
		watch(i, len(left))
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return i, failed, err
		}
	}
}

func (s *Stack) queueARN(ctx context.Context, logical string) (string, error) {
	url, err := s.resource(logical)
	if err != nil {
		return "", err
	}
	out, err := s.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", err
	}
	return out.Attributes[string(types.QueueAttributeNameQueueArn)], nil
}

func lastPart(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
