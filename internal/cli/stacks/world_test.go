package stacks_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/aws/notice"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
	"github.com/thingpress/thingpress/internal/stack/complete"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

// A deployed is a stack in moto that the program deployed. moto runs none of its
// functions, so the test does their work with their code, table, buckets and queues.
type deployed struct {
	testing.TB
	url, binary, dir string
	env              []string
	resources        map[string]string
	deployment       string // the JSON that deploy printed
	ledger           dynamodbtest.Database
	s3               *s3.Client
	sqs              *sqs.Client
	completer        *complete.Completer
}

func deployStack(t *testing.T) *deployed {
	t.Helper()
	d := &deployed{TB: t, url: require.Moto(t).URL, binary: clitest.Program(t), dir: t.TempDir(), resources: map[string]string{}}
	d.env = append(clitest.Environment(t), "THINGPRESS_ENDPOINT_URL="+d.url)
	code := filepath.Join(d.dir, "code.zip")
	if err := os.WriteFile(code, []byte("PK\x05\x06"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.deployment, _ = d.exits(0, "deploy", "--code", code, "--yes", "--output", "json")
	key := credentials.NewStaticCredentialsProvider("test", "test", "")
	pages := cloudformation.NewListStackResourcesPaginator(
		cloudformation.New(cloudformation.Options{BaseEndpoint: &d.url, Region: "us-east-1", Credentials: key}),
		&cloudformation.ListStackResourcesInput{StackName: aws.String("thingpress")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.StackResourceSummaries {
			d.resources[*r.LogicalResourceId] = aws.ToString(r.PhysicalResourceId)
		}
	}
	d.ledger = dynamodbtest.OpenDatabase(dynamodb.New(dynamodb.Options{BaseEndpoint: &d.url, Region: "us-east-1", Credentials: key}),
		d.resources["LedgerTable"])
	d.s3 = s3.New(s3.Options{BaseEndpoint: &d.url, Region: "us-east-1", Credentials: key, UsePathStyle: true})
	d.sqs = sqs.New(sqs.Options{BaseEndpoint: &d.url, Region: "us-east-1", Credentials: key})
	d.completer = &complete.Completer{
		Ledger: d.ledger, Records: d.ledger, Jobs: d.ledger, Leases: d.ledger, Store: d.s3, Bucket: d.resources["ReportsBucket"],
		Manifests: queue.New(d.sqs, d.resources["ManifestsQueue"]),
		Notices: &stack.Courier{
			Stack: "thingpress", Outbox: d.ledger, Log: slog.New(slog.DiscardHandler),
			Channels: []stack.Channel{notice.New(sns.New(sns.Options{BaseEndpoint: &d.url, Region: "us-east-1", Credentials: key}),
				d.resources["NoticesTopic"], "thingpress")},
		},
		Metrics: metric.New(io.Discard, "thingpress"), Log: slog.New(slog.DiscardHandler), Owner: "test", Stack: "thingpress",
	}
	return d
}

// in returns the same stack for a subtest, so that a failure ends only the subtest.
func (d *deployed) in(t *testing.T) *deployed {
	sub := *d
	sub.TB = t
	return &sub
}

// target is the account of moto.
var target = ledger.Target{Partition: "aws", Account: "123456789012", Region: "us-east-1"}

// stop stops an import whose manifest cannot be read, and completes it.
func (d *deployed) stop(id, cause string) {
	d.Helper()
	if err := d.completer.Stop(d.Context(), id, cause, target); err != nil {
		d.Fatal(err)
	}
	d.complete(id)
}

// command returns the command thingpress stack with these arguments, or one of those that give orders.
func (d *deployed) command(args ...string) *exec.Cmd {
	local := slices.Contains(args, "--stack") && slices.Contains([]string{
		"activate", "deactivate", "verify", "undo", "show", "report", "imports",
	}, args[0])
	if !local && !slices.Contains([]string{"cancel", "pause", "resume", "retry"}, args[0]) {
		args = append([]string{"stack"}, args...)
	}
	c := exec.CommandContext(d.Context(), d.binary, args...)
	c.Env = d.env
	return c
}

// exits runs a command, checks its exit code, and returns what it printed.
func (d *deployed) exits(want int, args ...string) (stdout, stderr string) {
	d.Helper()
	c := d.command(args...)
	var out, says bytes.Buffer
	c.Stdout, c.Stderr = &out, &says
	err := c.Run()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		d.Fatal(err)
	}
	if got != want {
		d.Fatalf("stack %v: exit code %d, want %d\n%s%s", args, got, want, out.String(), says.String())
	}
	return out.String(), says.String()
}

// read starts the job of an upload, as the decoder does when its event arrives.
func (d *deployed) read(id, vendor string, upload stack.Upload) {
	d.Helper()
	_, created, err := d.ledger.Start(d.Context(), upload, stack.Job{Import: id, Vendor: vendor, Phase: stack.PhaseHash})
	if err != nil || !created {
		d.Fatalf("start: %v, created %v", err, created)
	}
}

// send writes the import to the ledger with these outcomes for its first entries, as
// decoder and importer do.
func (d *deployed) send(id string, entries int, begun time.Time, records ...ledger.Record) {
	d.Helper()
	job, err := d.ledger.Get(d.Context(), id)
	if err != nil {
		d.Fatal(err)
	}
	settings, err := stack.FreezeSettings(engine.Settings{}, stack.Allowed{}, time.Now())
	if err != nil {
		d.Fatal(err)
	}
	journal, err := d.ledger.Begin(d.Context(), ledger.Import{
		ID: id, Key: id, Begun: begun, Target: target, Settings: settings,
		Manifests: []ledger.Manifest{{Name: job.Upload.Key, SHA256: "00", Size: job.Upload.Size, Vendor: job.Vendor, Entries: entries}},
	})
	if err != nil {
		d.Fatal(err)
	}
	for i := range records {
		records[i].Entry, records[i].At = i, begun
	}
	if err := journal.Record(d.Context(), records); err != nil {
		d.Fatal(err)
	}
	d.phase(id, stack.PhaseSent)
}

// phase saves the phase of the job under a lease.
func (d *deployed) phase(id, phase string) {
	d.Helper()
	lease, err := d.ledger.Lease(d.Context(), id, "decoder", time.Now().Add(time.Minute))
	if err != nil {
		d.Fatal(err)
	}
	job, err := d.ledger.Get(d.Context(), id)
	if err != nil {
		d.Fatal(err)
	}
	job.Phase = phase
	if err := errors.Join(d.ledger.Save(d.Context(), lease, job), d.ledger.Release(d.Context(), lease)); err != nil {
		d.Fatal(err)
	}
}

// complete completes the import with report, notice and ledger.
func (d *deployed) complete(id string) {
	d.Helper()
	if err := d.completer.Complete(d.Context(), stack.Task{Kind: stack.TaskComplete, Import: id}); err != nil {
		d.Fatal(err)
	}
	if job, err := d.ledger.Get(d.Context(), id); err != nil || job.Phase != stack.PhaseDone {
		d.Fatalf("not complete: %+v, %v", job, err)
	}
}

// outcomes returns n records with the same outcome.
func outcomes(n int, o ledger.Outcome, reason, detail string) []ledger.Record {
	list := make([]ledger.Record, n)
	for i := range list {
		list[i] = ledger.Record{
			Outcome: o, ThingName: fmt.Sprintf("%s-%d", o, i), CertificateID: manifest.CertificateIDOf([]byte{byte(i)}),
			Reason: reason, Detail: detail,
		}
	}
	return list
}
