// Package keep is the function that carries out later commands over the devices of imports: activate,
// deactivate, verify and undo. The stack has it twice, with two roles: one may not delete, the other does
// nothing but undo.
//
// A command is a job. One invocation at a time works on it, under its lease, in stretches of entries. After
// a stretch the checkpoint is saved, and shortly before the deadline the job is handed on by a message. A
// stretch that was broken off is repeated: what has an outcome that stands is left out, and every program
// reads a device before it changes it.
package keep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// Ledger is the part of the stack's ledger that commands need.
type Ledger interface {
	later.Reader
	ledger.SettingsReader
	Resume(ctx context.Context, id string) (ledger.Journal, error)
	// RecordsFrom yields the records of an import's entries from a place on, in their order.
	RecordsFrom(ctx context.Context, id string, from ledger.Place) iter.Seq2[ledger.Record, error]
}

// Registry is AWS IoT, as *awsiot.Client is it.
type Registry interface {
	iot.Survey
	iot.Connectivity
	AWS() iot.AWS
}

// Store writes lists of what verify found, as *s3.Client does.
type Store interface {
	PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Config configures a [Keeper]. All fields but TempDir must be set.
type Config struct {
	// Serves reports whether the function carries out a command.
	Serves func(*stack.Command) bool
	Jobs   stack.Jobs
	Orders stack.Orders
	Leases stack.Leases
	Ender  *stack.CommandEnder
	Ledger Ledger
	// Reread opens the manifest of an import that has ended, and returns its devices, which are read once. The
	// caller calls end. The error is a *[stack.UnreadableError] if the manifest can no longer be read.
	Reread func(ctx context.Context, job stack.Job) (devices iter.Seq2[manifest.Device, error], end func(), err error)
	// Queue is the queue of the function's own tasks.
	Queue    stack.Queue
	Registry Registry
	// Limiters returns the limiters of the instance.
	Limiters func(ctx context.Context) *quota.Limiters
	Store    Store
	Bucket   string // of the reports
	Metrics  stack.Metrics
	Log      *slog.Logger
	// TempDir is where findings are collected; empty for [os.TempDir].
	TempDir string
}

// A Keeper handles the tasks of commands. It is safe for concurrent use.
type Keeper struct {
	Config

	stretch int // entries between two checkpoints
}

// stretchOfProgram is the number of entries between two checkpoints. It is large compared with the devices
// that are in flight, because these come to their end at each.
const stretchOfProgram = 1000

// New returns a keeper. It makes no call.
func New(c Config) *Keeper { return &Keeper{Config: c, stretch: stretchOfProgram} }

// Handle handles messages with tasks, and returns the IDs of those that must not be acknowledged.
func (k *Keeper) Handle(ctx context.Context, target ledger.Target, messages []stack.Delivery) (failed []string) {
	for _, m := range messages {
		task, ours, err := stack.ParseTask(m.Body)
		switch {
		case err != nil:
		case !ours || task.Kind != stack.TaskContinue:
			err = errors.New("the message is not a task of a command")
		default:
			err = k.continueCommand(ctx, target, task)
		}
		if err != nil {
			k.Log.ErrorContext(ctx, "message not handled", "message_id", m.ID, "error", err.Error())
			failed = append(failed, m.ID)
		}
	}
	return failed
}

// mostFaults is how often in a row a command is handed back because of faults. With the delays, that takes
// about a day.
const mostFaults = 100

// handBack sends a task again after a fault, each time with a longer delay.
func (k *Keeper) handBack(ctx context.Context, task stack.Task, err error) error {
	if task.Attempt >= mostFaults {
		return fmt.Errorf("command %s: handed back %d times: %w", task.Import, task.Attempt, err)
	}
	task.Attempt++
	delay := stack.HandBack.After(task.Attempt)
	k.Log.WarnContext(ctx, "handed back", "command", task.Import, "attempt", task.Attempt, "delay", delay.String(), "cause", err.Error())
	if sent := k.send(ctx, task, delay); sent != nil {
		return errors.Join(err, sent)
	}
	return nil
}

func (k *Keeper) send(ctx context.Context, task stack.Task, delay time.Duration) error {
	if err := k.Queue.Send(ctx, []stack.Message{task.Message(delay)}); err != nil {
		return fmt.Errorf("command %s: send its task: %w", task.Import, err)
	}
	return nil
}
