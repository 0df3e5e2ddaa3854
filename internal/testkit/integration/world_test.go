package integration

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

// The test is skipped unless the environment variable switchVariable is set.
// seedVariable changes the random course of events.
const (
	switchVariable = "THINGPRESS_TEST_STACK"
	seedVariable   = "THINGPRESS_TEST_SEED"
)

// A world is one account and region of AWS that has only the attachments of devices.
type world struct {
	seed   uint64
	binary string
	dir    string

	iot    *sandbox.Server
	iotURL string
	// The functions' requests are metered separately from those of the test, which polls.
	meters map[string]*stacktest.Meter

	s3       *s3.Client
	sns      *sns.Client
	ssm      *ssm.Client
	dynamodb *awsdynamodb.Client
	sqs      *sqs.Client // ElasticMQ, which has the stack's queues
	mailbox  *sqs.Client // moto, to which its SNS delivers

	mu   sync.Mutex
	sent uint64 // sequence number of S3 events
}

// Attachments of the devices.
const (
	thingType    = "sensor"
	billingGroup = "line"
)

var (
	policies = []string{"connect", "publish,subscribe"}
	groups   = []string{"fleet", "fleet-eu"}
)

func newWorld(t *testing.T, faults sandbox.Faults) *world {
	t.Helper()
	if os.Getenv(switchVariable) == "" {
		t.Skipf("the test of the stack takes minutes: `make test-stack` runs it (%s)", switchVariable)
	}
	w := &world{seed: 1, dir: t.TempDir(), meters: map[string]*stacktest.Meter{}}
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
		w.seed = seed
	}
	w.binary = build(t, w.dir)

	faults.Seed = w.seed
	iot, err := sandbox.New(sandbox.Options{Account: stacktest.Account, Region: stacktest.Region, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iot.Ensure(policies, thingType, groups, billingGroup); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(iot)
	t.Cleanup(server.Close)
	w.iot, w.iotURL = iot, server.URL

	queues, table, moto := require.ElasticMQ(t), require.DynamoDBLocal(t), require.Moto(t).URL
	for service, url := range map[string]string{"SQS": queues, "DYNAMODB": table, "S3": moto, "SNS": moto, "SSM": moto, "EVENTBRIDGE": moto} {
		w.meters[service] = stacktest.StartMeter(t, url)
	}
	w.meters["EVENT_SOURCE"] = stacktest.StartMeter(t, queues)
	c := stacktest.Credentials()
	w.s3 = s3.New(s3.Options{BaseEndpoint: &moto, Region: stacktest.Region, Credentials: c, UsePathStyle: true})
	w.sns = sns.New(sns.Options{BaseEndpoint: &moto, Region: stacktest.Region, Credentials: c})
	w.ssm = ssm.New(ssm.Options{BaseEndpoint: &moto, Region: stacktest.Region, Credentials: c})
	w.dynamodb = awsdynamodb.New(awsdynamodb.Options{BaseEndpoint: &table, Region: stacktest.Region, Credentials: c})
	w.sqs = sqs.New(sqs.Options{BaseEndpoint: &w.meters["EVENT_SOURCE"].URL, Region: stacktest.Region, Credentials: c})
	w.mailbox = sqs.New(sqs.Options{BaseEndpoint: &moto, Region: stacktest.Region, Credentials: c})
	return w
}

// build builds the functions' binary like `make lambda`, but for this machine.
func build(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary,
		"./cmd/thingpress-lambda")
	cmd.Dir = require.Root(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// environment returns what AWS gives to every function: credentials and the
// addresses of services.
func (w *world) environment() []string {
	env := []string{"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=none"}
	for _, service := range []string{"S3", "SNS", "SQS", "SSM", "DYNAMODB", "EVENTBRIDGE"} {
		env = append(env, "AWS_ENDPOINT_URL_"+service+"="+w.meters[service].URL)
	}
	for _, service := range []string{"IOT", "SERVICE_QUOTAS", "STS"} {
		env = append(env, "AWS_ENDPOINT_URL_"+service+"="+w.iotURL)
	}
	return env
}

// putParameter writes a parameter of SSM.
func (w *world) putParameter(t *testing.T, name, value string) {
	t.Helper()
	if _, err := w.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	}); err != nil {
		t.Fatal(err)
	}
}

// upload puts an object into a bucket and sends the event to the queue twice, as S3 may.
func (w *world) upload(t *testing.T, bucket, key string, body []byte, events *stacktest.Queue) stacktest.Object {
	t.Helper()
	out, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(string(body))})
	if err != nil {
		t.Fatalf("upload %s/%s: %v", bucket, key, err)
	}
	w.mu.Lock()
	w.sent++
	o := stacktest.Object{
		Bucket: bucket, Key: key, Version: aws.ToString(out.VersionId), ETag: aws.ToString(out.ETag), Size: int64(len(body)), Sequencer: w.sent,
	}
	w.mu.Unlock()
	if o.Version == "" {
		t.Fatalf("bucket %s has no versions", bucket)
	}
	if events == nil {
		return o
	}
	for range 2 {
		if err := events.Send(t.Context(), o.Event(time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// notices returns the text of all notices sent to a topic so far.
func (w *world) notices(ctx context.Context, t *testing.T, queue string) (texts []string) {
	t.Helper()
	for {
		out, err := w.mailbox.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return texts
		}
		for _, m := range out.Messages {
			var notice struct{ Subject, Message string }
			if err := json.Unmarshal([]byte(*m.Body), &notice); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, notice.Subject+"\n"+notice.Message)
		}
	}
}
