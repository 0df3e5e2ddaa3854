package operate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
)

// ErrNoUndo is returned if a stack was deployed without AllowUndo=true.
var ErrNoUndo = errors.New("the stack does not allow an undo")

// commandQueue returns the URL of the queue of the function that carries out a command. The error wraps
// [ErrNoUndo] if the stack has no such function.
func (s *Stack) commandQueue(c *stack.Command) (string, error) {
	if s.HasLedger() && s.resources["KeeperQueue"] == "" {
		return "", fmt.Errorf("stack %s is of a version without commands over imports; update it with thingpress stack deploy", s.Name)
	}
	if !c.Removes() {
		return s.resource("KeeperQueue")
	}
	if s.resources["UndoQueue"] == "" {
		return "", fmt.Errorf("stack %s: %w", s.Name, ErrNoUndo)
	}
	return s.resource("UndoQueue")
}

// CheckCommand returns the errors that [Stack.Begin] would return because of the stack.
func (s *Stack) CheckCommand(c *stack.Command) error {
	_, err := s.commandQueue(c)
	return err
}

// mostImports is the number of imports of a command. It begins in one transaction of DynamoDB, which takes a hundred
// actions, two for each import.
const mostImports = 40

// Begin begins a command over imports, and tells the function that carries it out. A command that does the
// same, did not reach its end, and after which no other one changed the devices, goes on instead; resumed
// is set then. The error wraps a *[stack.RunningError] if another command is at work on one of the imports.
func (s *Stack) Begin(ctx context.Context, c stack.Command, imports []Import) (job stack.Job, resumed bool, err error) {
	if len(imports) > mostImports {
		return job, false, fmt.Errorf("%s of %d imports: a stack takes %d at a time", c.Verb, len(imports), mostImports)
	}
	url, err := s.commandQueue(&c)
	if err != nil {
		return job, false, err
	}
	t, err := s.table()
	if err != nil {
		return job, false, err
	}
	l, err := s.Ledger()
	if err != nil {
		return job, false, err
	}
	jobs := jobtable.New(t)
	last, err := s.last(ctx, imports)
	if err != nil {
		return job, false, err
	}
	if last.ID != "" {
		if job, err = jobs.Get(ctx, last.ID); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return job, false, err
		}
		same := c.Recorded() && last.Key == c.Key()
		switch {
		case err != nil: // it has expired
		case job.AtWork() && same:
			return job, true, nil
		case job.AtWork():
			return job, false, &stack.RunningError{Import: last.Of[0], Verb: last.Verb, Command: last.ID}
		case same && last.Resumable():
			if _, err := jobs.SetOrder(ctx, last.ID, stack.Order{Kind: stack.OrderRetry, By: s.Caller, At: time.Now()}); err != nil {
				return job, false, err
			}
			return job, true, s.tell(ctx, url, last.ID)
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return job, false, err
	}
	job = stack.Job{
		Import: id.String(), Command: &c, Upload: imports[0].Job.Upload, Vendor: imports[0].Job.Vendor, Phase: stack.PhaseWork,
	}
	var record []types.TransactWriteItem
	if c.Recorded() {
		if record, err = l.Beginning(recordOf(job.Import, &c, imports)); err != nil {
			return job, false, err
		}
	}
	err = jobs.Command(ctx, job, record...)
	var running *stack.RunningError
	if errors.As(err, &running) { // somebody else has begun it since we looked
		if job, err = jobs.Get(ctx, running.Command); err != nil {
			return job, false, err
		}
		if resumed = job.Command.Key() == c.Key(); !resumed {
			return job, false, running
		}
	}
	if err != nil {
		return job, false, err
	}
	return job, resumed, s.tell(ctx, url, job.Import)
}

// recordOf returns what the ledger has of a command that has just begun.
func recordOf(id string, c *stack.Command, imports []Import) ledger.Import {
	record := ledger.Import{
		ID: id, Key: c.Key(), Verb: c.Verb, Of: c.Of, Target: imports[0].Record.Target, Begun: time.Now(), Settings: "{}",
	}
	for _, i := range imports {
		record.Manifests = append(record.Manifests, i.Record.Manifests...)
	}
	if c.DeactivateOnly { // as the local command records it
		record.Settings = `{"deactivate-only":"true"}`
	}
	return record
}

// last returns the latest command over any of the imports that changed something; the zero value if there is
// none.
func (s *Stack) last(ctx context.Context, imports []Import) (last ledger.Import, err error) {
	for _, i := range imports {
		for command, err := range s.LaterCommands(ctx, i.Job.Import) {
			if err != nil {
				return last, err
			}
			if command.ID > last.ID { // a UUIDv7 begins with its time
				last = command
			}
			break
		}
	}
	return last, nil
}

// LaterCommands yields the commands over an import that are in the ledger, newest first. An error ends it.
func (s *Stack) LaterCommands(ctx context.Context, importID string) iter.Seq2[ledger.Import, error] {
	return func(yield func(ledger.Import, error) bool) {
		l, err := s.Ledger()
		if err != nil {
			yield(ledger.Import{}, err)
			return
		}
		l.LaterCommands(ctx, importID)(yield)
	}
}

func (s *Stack) tell(ctx context.Context, url, id string) error {
	task := stack.Task{Kind: stack.TaskContinue, Import: id}
	return queue.New(s.messages, url).Send(ctx, []stack.Message{task.Message(0)})
}

// Findings yields what verify found, as JSON objects: those of [stack.DriftLine] and [stack.ConnectionLine].
// An error ends it.
func (s *Stack) Findings(ctx context.Context, p stack.CommandProgress) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		if p.Verified == nil || len(p.Verified.Parts) == 0 {
			return
		}
		bucket, err := s.Bucket("reports")
		if err != nil {
			yield(nil, err)
			return
		}
		for _, key := range p.Verified.Parts {
			if !s.findingsOf(ctx, bucket, key, yield) {
				return
			}
		}
	}
}

// findingsOf yields the lines of an object, and reports whether the caller wants more.
func (s *Stack) findingsOf(ctx context.Context, bucket, key string, yield func(json.RawMessage, error) bool) bool {
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &s.ID})
	if err != nil {
		yield(nil, fmt.Errorf("get s3://%s/%s: %w", bucket, key, err))
		return false
	}
	defer func() { _ = out.Body.Close() }() // it was only read
	const mostLine = 1 << 20
	lines := bufio.NewScanner(out.Body)
	lines.Buffer(nil, mostLine)
	for lines.Scan() {
		if !yield(append(json.RawMessage(nil), lines.Bytes()...), nil) {
			return false
		}
	}
	if err := lines.Err(); err != nil {
		yield(nil, fmt.Errorf("get s3://%s/%s: %w", bucket, key, err))
		return false
	}
	return true
}
