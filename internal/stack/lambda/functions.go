package lambda

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/aws/notice"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
	"github.com/thingpress/thingpress/internal/stack/bring"
	"github.com/thingpress/thingpress/internal/stack/complete"
	"github.com/thingpress/thingpress/internal/stack/deadletter"
	"github.com/thingpress/thingpress/internal/stack/decode"
	"github.com/thingpress/thingpress/internal/stack/keep"
)

// A handler handles the messages of one event source.
type handler = func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// functions creates the handlers of this process, which serves one of them.
type functions struct {
	config stack.Config
	log    *slog.Logger
	out    io.Writer
}

// handler returns the handler of a function, which is created at its first
// invocation.
func (f *functions) handler(name string) handler {
	var once sync.Mutex
	var made handler
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		once.Lock()
		if made == nil {
			var err error
			// The clients outlive this invocation.
			if made, err = f.make(context.WithoutCancel(ctx), name); err != nil {
				once.Unlock()
				return events.SQSEventResponse{}, err
			}
		}
		once.Unlock()
		return made(ctx, event)
	}
}

// services is what the functions have in common.
type services struct {
	*functions
	*clients
	iot     *awsiot.Client
	ledger  *dynamodb.Ledger
	jobs    *jobtable.Store
	metrics *metric.Writer
	notices *stack.Courier
}

func (f *functions) make(ctx context.Context, name string) (handler, error) {
	c, err := newClients(ctx, f.log)
	if err != nil {
		return nil, err
	}
	iot, err := openIoT(ctx)
	if err != nil {
		return nil, err
	}
	t := table.New(c.dynamodb, f.config.Table, table.Options{Retention: f.config.Retention})
	s := &services{
		functions: f, clients: c, iot: iot,
		ledger: dynamodb.New(t, dynamodb.Options{Settled: true}), jobs: jobtable.New(t),
		metrics: metric.New(f.out, f.config.Stack),
	}
	s.notices = &stack.Courier{
		Stack: f.config.Stack, Outbox: s.jobs, Log: f.log,
		Channels: []stack.Channel{notice.New(c.sns, f.config.Notices, f.config.Stack), notice.NewBus(c.events)},
	}
	switch name {
	case Decoder:
		return s.decoder().Handle, nil
	case Importer:
		return s.importer(), nil
	case Keeper:
		return s.keeper(f.config.Queues.Keeper, func(c *stack.Command) bool { return !c.Removes() }), nil
	case Undo:
		return s.keeper(f.config.Queues.Undo, (*stack.Command).Removes), nil
	}
	return s.undeliverable(), nil
}

func (s *services) queue(url string) *queue.Queue { return queue.New(s.sqs, url) }

// commandQueue returns the queue of the function that carries out a command; nil if the stack has none.
func (s *services) commandQueue(c *stack.Command) stack.Queue {
	url := s.config.Queues.Keeper
	if c.Removes() {
		url = s.config.Queues.Undo
	}
	if url == "" {
		return nil
	}
	return s.queue(url)
}

func (s *services) keeper(url string, serves func(*stack.Command) bool) handler {
	quotas := &bring.Quotas{Applied: s.iot.AppliedQuotas, Share: s.config.Share, Sharers: 2, Log: s.log}
	k := keep.New(keep.Config{
		Serves: serves, Jobs: s.jobs, Orders: s.jobs, Leases: s.jobs, Ender: s.commandEnder(), Ledger: s.ledger,
		Reread: s.decoder().Reread, Queue: s.queue(url), Registry: s.iot,
		Limiters: quotas.Limiters, Store: s.s3, Bucket: s.config.Reports, Metrics: s.metrics, Log: s.log,
	})
	return batches(k.Handle)
}

func (s *services) commandEnder() *stack.CommandEnder {
	return &stack.CommandEnder{
		Ledger: s.ledger, Jobs: s.jobs, Leases: s.jobs, Notices: s.notices, Stack: s.config.Stack, Reports: s.config.Reports,
	}
}

func (s *services) completer() *complete.Completer {
	return &complete.Completer{
		Ledger: s.ledger, Records: s.ledger, Jobs: s.jobs, Orders: s.jobs, Leases: s.jobs, Store: s.s3, Bucket: s.config.Reports,
		Manifests: s.queue(s.config.Queues.Manifests), Commands: s.commandQueue,
		Waiting: func(ctx context.Context) (int, error) { return queue.Depth(ctx, s.sqs, s.config.Queues.Devices) },
		Notices: s.notices, Metrics: s.metrics, Log: s.log, Owner: uuid.NewString(), Stack: s.config.Stack,
	}
}

func (s *services) decoder() *decode.Handler {
	config := s.config
	config.AllowTestMaterial = config.AllowTestMaterial || s.iot.Endpoint() != "" // which is not AWS
	return decode.New(decode.Config{
		Stack: config, Jobs: s.jobs, Orders: s.jobs, Leases: s.jobs, Ledger: s.ledger, Reopener: s.ledger, Asked: s.ledger, Objects: s.s3,
		Manifests: s.queue(s.config.Queues.Manifests), Devices: s.queue(s.config.Queues.Devices), Parameters: s.parameter,
		OpenIoT:    func(context.Context) (decode.IoT, error) { return s.iot, nil },
		Completion: s.completer(), Target: targetOf, Log: s.log,
		Rejected: func(n int) {
			if err := s.metrics.Put(map[stack.Metric]float64{stack.MetricRejected: float64(n)}); err != nil {
				s.log.Error("metrics could not be written", "error", err.Error())
			}
		},
	})
}

func (s *services) importer() handler {
	i := bring.New(bring.Config{
		Ledger: s.ledger, Claims: s.jobs, Jobs: s.jobs, Devices: s.queue(s.config.Queues.Devices), Manifests: s.queue(s.config.Queues.Manifests),
		Notices: s.notices, Metrics: s.metrics, Log: s.log, Engine: engine.Batch, AWS: s.iot.AWS(),
		Quotas: &bring.Quotas{Applied: s.iot.AppliedQuotas, Share: s.config.Share, Sharers: s.config.MaxConcurrency, Log: s.log},
	})
	return batches(i.Handle)
}

func (s *services) undeliverable() handler {
	c := &deadletter.Consumer{
		Ledger: s.ledger, Jobs: s.jobs, Leases: s.jobs, Stopper: s.completer(), Commands: s.commandEnder(),
		Manifests:       s.queue(s.config.Queues.Manifests),
		ManifestsParked: s.queue(s.config.Queues.ManifestsParked), DevicesParked: s.queue(s.config.Queues.DevicesParked),
		Notices: s.notices, Metrics: s.metrics, Log: s.log, Stack: s.config.Stack, Started: s.decoder().Imports,
	}
	return batches(c.Handle)
}

// batches returns the handler for a function that handles a batch of messages and
// returns the IDs of those that must not be acknowledged.
func batches(handle func(ctx context.Context, target ledger.Target, messages []stack.Delivery) (failed []string)) handler {
	return func(ctx context.Context, event events.SQSEvent) (response events.SQSEventResponse, err error) {
		target, err := targetOf(ctx)
		if err != nil {
			return response, err
		}
		messages := make([]stack.Delivery, len(event.Records))
		for n, r := range event.Records {
			messages[n] = stack.Delivery{ID: r.MessageId, Body: r.Body}
		}
		for _, id := range handle(ctx, target, messages) {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
		return response, nil
	}
}
