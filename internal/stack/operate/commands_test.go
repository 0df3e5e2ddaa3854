package operate

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// A toldQueue takes messages, and counts them.
type toldQueue struct {
	queue.API
	mu   sync.Mutex
	told []string
}

func (q *toldQueue) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options),
) (*sqs.SendMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := &sqs.SendMessageBatchOutput{}
	for _, entry := range in.Entries {
		q.told = append(q.told, *entry.MessageBody)
		out.Successful = append(out.Successful, sqstypes.SendMessageBatchResultEntry{Id: entry.Id})
	}
	return out, nil
}

// Two operators each find that nothing is at work on the import, and give their commands at the same moment.
func TestOneOfTwoCommandsGivenAtOnceIsRefused(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	dynamodbtest.CreateTable(t, client, "commands")
	database := dynamodbtest.OpenDatabase(client, "commands")
	messages := &toldQueue{}
	s := &Stack{
		Account: &Account{dynamodb: client, messages: messages}, Name: "line",
		resources: map[string]string{ledgerTable: "commands", "KeeperQueue": "https://queue", "UndoQueue": "https://undo"},
	}
	id, _ := dynamodbtest.Begin(t, database, 3)
	record, err := database.Import(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	imports := []Import{{Job: stack.Job{Import: id}, Record: &record}}
	type answer struct {
		job     stack.Job
		resumed bool
		err     error
	}
	give := func(verbs ...string) []answer {
		answers := make([]answer, len(verbs))
		var all sync.WaitGroup
		for n, verb := range verbs {
			all.Go(func() {
				a := &answers[n]
				a.job, a.resumed, a.err = s.Begin(t.Context(), stack.Command{Verb: verb, Of: []string{id}}, imports)
			})
		}
		all.Wait()
		return answers
	}
	begun := give(stack.VerbActivate, stack.VerbUndo)
	if begun[0].err != nil {
		begun[0], begun[1] = begun[1], begun[0]
	}
	var running *stack.RunningError
	if begun[0].err != nil || !errors.As(begun[1].err, &running) || running.Command != begun[0].job.Import || len(messages.told) != 1 {
		t.Fatalf("%+v, %d messages", begun, len(messages.told))
	}
	// The same command goes on, whoever gives it.
	verb := begun[0].job.Command.Verb
	for _, a := range give(verb, verb) {
		if a.err != nil || !a.resumed || a.job.Import != begun[0].job.Import {
			t.Errorf("%+v", a)
		}
	}
	var commands []ledger.Import
	for command, err := range database.LaterCommands(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		commands = append(commands, command)
	}
	if len(commands) != 1 || commands[0].ID != begun[0].job.Import {
		t.Errorf("the ledger has the commands %+v", commands)
	}
}
