package decode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/object"
)

// Objects reads buckets, as *s3.Client does.
type Objects interface {
	object.Client
	ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// IoT reads from AWS IoT, as *awsiot.Client does.
type IoT interface {
	AWS() iot.AWS
	// AppliedQuotas returns the quotas of the account by Service Quotas code, in
	// calls per second.
	AppliedQuotas(ctx context.Context) (map[string]float64, error)
}

// Completion ends imports, and sweeps all of them. Both methods can be called
// repeatedly.
type Completion interface {
	Complete(ctx context.Context, task stack.Task) error
	Sweep(ctx context.Context) error
}

// Config configures a [Handler]. All fields but TempDir must be set.
type Config struct {
	Stack    stack.Config
	Jobs     stack.Jobs
	Orders   stack.Orders
	Leases   stack.Leases
	Ledger   stack.Ledger
	Reopener stack.Reopener
	// Asked keeps what entries ask for their own devices.
	Asked   ledger.SettingsKeeper
	Objects Objects
	// Manifests is the queue of the function's own messages, Devices that of the
	// importers.
	Manifests, Devices stack.Queue
	// Parameters reads the SSM parameter of a name.
	Parameters func(ctx context.Context, name string) (text string, err error)
	// OpenIoT is called once per import.
	OpenIoT    func(context.Context) (IoT, error)
	Completion Completion
	// Target returns the account and region of the invocation.
	Target func(context.Context) (ledger.Target, error)
	// Rejected is called with the number of entries that were recorded as rejected.
	Rejected func(n int)
	Log      *slog.Logger
	// TempDir is where archives are copied; empty for [os.TempDir].
	TempDir string
}

// A Handler is the function. It is safe for concurrent use.
type Handler struct {
	Config

	every   int // entries between two checkpoints
	crashes int // how many invocations in a row may die without any progress
}

// checkpointEvery is the maximum number of entries that are repeated after a crash.
const checkpointEvery = 1000

// New returns a handler. It makes no call.
func New(c Config) *Handler { return &Handler{Config: c, every: checkpointEvery, crashes: mostCrashes} }

// Handle handles messages of the manifests queue. A message that the response does
// not name is finished: its work is done, or continues by a new message that the
// queue accepted. A message that it names is delivered again after its visibility
// timeout, and ends in the dead-letter queue.
func (h *Handler) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for i := range event.Records {
		record := &event.Records[i]
		if err := h.handleMessage(ctx, record.Body); err != nil {
			h.Log.ErrorContext(ctx, "message not handled", "message_id", record.MessageId, "error", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return response, nil
}

func (h *Handler) handleMessage(ctx context.Context, body string) error {
	task, ours, err := stack.ParseTask(body)
	switch {
	case err != nil:
		return err
	case !ours:
		return h.handleEvent(ctx, body)
	}
	switch task.Kind {
	case stack.TaskComplete:
		return h.completeImport(ctx, task)
	case stack.TaskSweep:
		// The schedule sends the next sweep; retrying a failed one as well would only
		// add load.
		if err := h.Completion.Sweep(ctx); err != nil {
			h.Log.ErrorContext(ctx, "sweep failed", "error", err.Error())
		}
		return nil
	}
	return h.continueJob(ctx, task)
}

// completeImport completes an import. If that fails, it sends the task again for
// later.
func (h *Handler) completeImport(ctx context.Context, task stack.Task) error {
	err := h.Completion.Complete(ctx, task)
	if err == nil || task.Attempt >= mostFaults {
		return err
	}
	h.Log.WarnContext(ctx, "completion failed and will be retried", "import", task.Import, "error", err.Error())
	task.Attempt++
	if sent := h.sendTask(ctx, task, stack.HandBack.After(task.Attempt)); sent != nil {
		return errors.Join(err, sent)
	}
	return nil
}

// Imports returns the imports of the uploads in the body of an S3 event, and creates
// the jobs of new ones. It works on none of them.
func (h *Handler) Imports(ctx context.Context, body string) ([]string, error) {
	uploads, err := parseEvent(body)
	if err != nil {
		return nil, err
	}
	var imports []string
	for _, u := range uploads {
		if u.ignored != "" {
			h.Log.InfoContext(ctx, "event ignored", "bucket", u.Bucket, "key", u.Key, "why", u.ignored)
			continue
		}
		id, err := h.startJob(ctx, u.Upload)
		if err != nil {
			return nil, fmt.Errorf("upload %s/%s: %w", u.Bucket, u.Key, err)
		}
		imports = append(imports, id)
	}
	return imports, nil
}

// handleEvent creates the jobs of uploads, and works on the last of them. S3 sends
// one upload per event but may send more; messages of their own begin the others.
func (h *Handler) handleEvent(ctx context.Context, body string) error {
	imports, err := h.Imports(ctx, body)
	if err != nil || len(imports) == 0 {
		return err
	}
	last := len(imports) - 1
	for _, id := range imports[:last] {
		if err := h.sendTask(ctx, stack.Task{Kind: stack.TaskContinue, Import: id}, 0); err != nil {
			return err
		}
	}
	return h.continueJob(ctx, stack.Task{Kind: stack.TaskContinue, Import: imports[last]})
}
