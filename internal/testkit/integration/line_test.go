package integration

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Times of the functions are far shorter than in the template, so that deadlines
// occur all the time. Each leaves room for several first entries. On a machine that is so
// slow that functions do not even get to hand on in time, they grow.
const (
	decoderTimeout  = 4 * time.Second
	importerTimeout = 4 * time.Second
	otherTimeout    = 5 * time.Second
	// sendingTime is how long SQS takes for a batch, as over a network. With eight
	// calls in flight, 20,000 devices take 11 s and the 1,000 of a checkpoint take
	// 0.6 s. So a decoder must hand on several times, even on a fast machine, and
	// reaches a checkpoint in the last fifth of its time.
	sendingTime = 45 * time.Millisecond
	// maxReceive is that of the devices queue in the template. Lines whose messages are to fail have fewer.
	maxReceive, fewReceives = 20, 8
	// hastySize is a batch for which an importer on a busy machine has no time.
	hastySize = 250
)

// A line is one stack, such as for one product line.
type line struct {
	*world
	name    string
	buckets map[string]string

	manifests, devices             *stacktest.Queue
	manifestsDead, devicesDead     *stacktest.Queue
	manifestsParked, devicesParked *stacktest.Queue
	commands, undos                *stacktest.Queue
	mailbox                        string // URL of the queue that receives the notices

	decoder, importer, undeliverable *stacktest.Function
	keeper, undoer                   *stacktest.Function
	importing, decoding              *stacktest.Source
	sources                          []*stacktest.Source
	ledger                           dynamodbtest.Database
	template                         *template
	values                           map[string]string // of parameters and references to resources
	sweeping                         context.CancelFunc
	calm                             bool
	batch, retention                 int
	env                              []string
	log                              *buffer
}

// buffer is a log to which several processes write.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Split(strings.TrimSpace(b.text.String()), "\n")
}

// lineOptions are the differences between lines.
type lineOptions struct {
	name string
	// parameters are the template's parameters that differ.
	parameters map[string]string
	// kill is the share of invocations that are killed before they end.
	kill float64
	// visibility is the visibility timeout of the devices queue.
	visibility time.Duration
	// calm gives the functions and the queues as much time as they have in AWS,
	// and delivers every message once.
	calm bool
	// env are further variables of the functions.
	env []string
	// batch is the number of devices in a batch, if it is not that of all lines, and
	// retention for how many deliveries the devices queue keeps a message.
	batch, retention int
	// givesUp moves messages to the dead-letter queue after few deliveries. brokenImporter makes
	// every invocation of the importer exit immediately.
	givesUp, brokenImporter bool
}

// newLine creates a stack without starting it.
func newLine(t *testing.T, w *world, o lineOptions) *line {
	t.Helper()
	l := &line{world: w, name: o.name, calm: o.calm, template: readTemplate(t), buckets: map[string]string{}, log: &buffer{}}
	t.Cleanup(func() { l.keepLog(t) })
	values := map[string]string{
		"AWS::StackName": o.name, "LedgerTable": o.name + "-ledger", "NoticesTopic": l.subscribe(t),
		"IoTPolicies": list(policies), "IoTThingGroups": list(groups), "IoTThingType": thingType, "IoTBillingGroup": billingGroup,
		"IoTThingAttributes": "certificate={fingerprint},line=" + o.name,
	}
	for _, of := range append(vendors.Names(), "signer", "settings", "reports") {
		name := o.name + "-" + of
		l.createBucket(t, name)
		l.buckets[of], values[stack.BucketResource(of)] = name, name
	}
	decoding, importing, rest := decoderTimeout, importerTimeout, otherTimeout
	if o.calm {
		decoding, importing = l.template.timeout("DecoderFunction"), l.template.timeout("ImporterFunction")
	}
	l.createQueues(t, o, 2*decoding)
	for name, q := range map[string]*stacktest.Queue{
		"ManifestsQueue": l.manifests, "DevicesQueue": l.devices, "ManifestsParkedQueue": l.manifestsParked,
		"DevicesParkedQueue": l.devicesParked, "KeeperQueue": l.commands, "UndoQueue": l.undos,
	} {
		values[name] = q.URL
	}
	dynamodbtest.CreateTable(t, w.dynamodb, values["LedgerTable"])
	l.ledger = dynamodbtest.OpenDatabase(w.dynamodb, values["LedgerTable"])

	maps.Copy(values, o.parameters)
	values["SettingsParameter"] = "/thingpress/" + o.name + "/parameters"
	l.putParameter(t, values["SettingsParameter"], l.template.settings(t, values))
	l.values = values
	l.env, l.batch, l.retention = o.env, o.batch, o.retention
	l.decoder = l.function(t, "decoder", decoding, l.sparing(w.killer(o.name+"decoder", o.kill, decoding)))
	l.undeliverable = l.function(t, "undeliverable", rest, w.killer(o.name+"undeliverable", o.kill, rest/10))
	l.keeper = l.function(t, "keeper", otherTimeout, l.sparing(w.killer(o.name+"keeper", o.kill, otherTimeout)))
	l.undoer = l.function(t, "undo", otherTimeout, l.sparing(w.killer(o.name+"undo", o.kill, otherTimeout)))
	kill := w.killer(o.name+"importer", o.kill, importing)
	if o.brokenImporter {
		kill = func([]byte) (time.Duration, bool) { return 0, true }
	}
	l.importer = l.function(t, "importer", importing, kill)
	return l
}

// createBucket creates a bucket with versions, as the template does.
func (l *line) createBucket(t *testing.T, name string) {
	t.Helper()
	if _, err := l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	}); err != nil {
		t.Fatal(err)
	}
}

// createQueues creates queues that move failed messages like the template's, only sooner.
func (l *line) createQueues(t *testing.T, o lineOptions, manifests time.Duration) {
	t.Helper()
	queue := func(name string, visibility time.Duration, dead *stacktest.Queue, most int) *stacktest.Queue {
		return stacktest.CreateQueue(t, l.sqs, l.name+"-"+name, visibility, dead, most)
	}
	l.manifestsParked, l.devicesParked = queue("manifests-parked", time.Minute, nil, 0), queue("devices-parked", time.Minute, nil, 0)
	most := maxReceive
	if o.givesUp {
		most = fewReceives
	}
	l.manifestsDead = queue("manifests-dead", otherTimeout, l.manifestsParked, most+5)
	l.devicesDead = queue("devices-dead", otherTimeout, l.devicesParked, most+5)
	l.manifests = queue("manifests", manifests, l.manifestsDead, most)
	l.devices = queue("devices", o.visibility, l.devicesDead, most)
	l.commands, l.undos = queue("commands", manifests, l.manifestsDead, most), queue("undos", manifests, l.manifestsDead, most)
}

func (l *line) function(
	t *testing.T, handler string, timeout time.Duration, kill func([]byte) (time.Duration, bool),
) *stacktest.Function {
	t.Helper()
	resource := strings.ToUpper(handler[:1]) + handler[1:] + "Function"
	if named := l.template.Resources[resource].Properties.Handler; named != handler {
		t.Fatalf("template: %s has the handler %v", resource, named)
	}
	return stacktest.NewFunction(t, stacktest.FunctionOptions{
		Name: l.name + "-" + handler, Command: []string{l.binary}, Handler: handler, Timeout: timeout, Grows: true, Log: l.log, Kill: kill,
		Env: slices.Concat(l.environment(), l.template.environment(t, resource, l.values), l.env),
	})
}

// list returns names in the form of a template parameter.
func list(names []string) string {
	var escaped []string
	for _, name := range names {
		escaped = append(escaped, strings.ReplaceAll(name, ",", `\,`))
	}
	return strings.Join(escaped, ",")
}

// subscribe creates the topic of the notices with a queue that receives them, and
// returns its ARN.
func (l *line) subscribe(t *testing.T) string {
	t.Helper()
	name := l.name + "-notices"
	topic, err := l.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := l.world.mailbox.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:sqs:" + stacktest.Region + ":" + stacktest.Account + ":" + name
	in := &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn}
	if _, err := l.sns.Subscribe(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	l.mailbox = *queue.QueueUrl
	return *topic.TopicArn
}

// start starts the event sources.
func (l *line) start(t *testing.T) {
	t.Helper()
	l.startImporting(t)
	l.startDecoding(t)
	for name, q := range map[string]*stacktest.Queue{"ManifestsDeadLetterQueue": l.manifestsDead, "DevicesDeadLetterQueue": l.devicesDead} {
		size, window := l.template.source(t, name)
		l.source(t, q, l.undeliverable, stacktest.SourceOptions{BatchSize: size, Window: window})
	}
	for name, q := range map[string]*stacktest.Queue{"KeeperQueue": l.commands, "UndoQueue": l.undos} {
		size, window := l.template.source(t, name)
		l.source(t, q, map[string]*stacktest.Function{"KeeperQueue": l.keeper, "UndoQueue": l.undoer}[name],
			stacktest.SourceOptions{BatchSize: size, Window: window})
	}
	if !l.calm {
		l.sweep(t)
	}
}

func (l *line) startImporting(t *testing.T) {
	t.Helper()
	size, window := l.template.source(t, "DevicesQueue")
	if !l.calm {
		size, window = hastySize, time.Second
	}
	if l.batch > 0 {
		size = l.batch
	}
	l.importing = l.source(t, l.devices, l.importer, stacktest.SourceOptions{BatchSize: size, Window: window, Retention: l.retention})
}

func (l *line) startDecoding(t *testing.T) {
	t.Helper()
	size, window := l.template.source(t, "ManifestsQueue")
	l.decoding = l.source(t, l.manifests, l.decoder, stacktest.SourceOptions{BatchSize: size, Window: window})
}

func (l *line) source(t *testing.T, q *stacktest.Queue, f *stacktest.Function, o stacktest.SourceOptions) *stacktest.Source {
	t.Helper()
	o.Queue, o.QueueARN, o.Partial, o.Concurrency, o.Seed = q.URL, q.ARN, true, 2, l.seed
	if !l.calm {
		o.Twice, o.Late = 0.05, 0.05
	}
	s := stacktest.StartSource(t, l.sqs, f, o)
	l.sources = append(l.sources, s)
	return s
}

// stop stops the sources and functions.
func (l *line) stop() {
	for _, s := range l.sources {
		s.Stop()
	}
	for _, f := range []*stacktest.Function{l.decoder, l.importer, l.undeliverable, l.keeper, l.undoer} {
		f.Stop()
	}
}

// repair replaces the broken importer.
func (l *line) repair(t *testing.T) {
	t.Helper()
	l.importing.Stop()
	l.importer = l.function(t, "importer", importerTimeout, nil)
	l.startImporting(t)
}

// twice returns the number of messages that were delivered a second time.
func (l *line) twice() (n int) {
	for _, s := range l.sources {
		n += s.Twice()
	}
	return n
}

// sweep sends the message of the template's five-minute schedule every few seconds.
func (l *line) sweep(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background()) // ended by empty, or below
	l.sweeping = cancel
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(5 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = l.manifests.Send(ctx, `{"thingpress":"sweep"}`) // another one follows
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
}
