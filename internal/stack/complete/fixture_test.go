package complete_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/complete"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

// A world is everything around a completer.
type world struct {
	*complete.Completer
	ledger  *memoryledger.Ledger
	store   *store
	tasks   *mailbox
	notices *mailbox
	metrics bytes.Buffer
	waiting int // messages in the devices queue
}

func newWorld() *world {
	w := &world{
		ledger: memoryledger.New(), store: &store{objects: map[string]string{}, uploads: map[string][]string{}}, tasks: &mailbox{},
		notices: &mailbox{},
	}
	w.Completer = &complete.Completer{
		Ledger: w.ledger, Records: w.ledger, Jobs: w.ledger, Orders: w.ledger, Leases: w.ledger, Store: w.store, Bucket: "reports",
		Manifests: w.tasks,
		Waiting:   func(context.Context) (int, error) { return w.waiting, nil }, Notices: w.notices,
		Metrics: metric.New(&w.metrics, "line-1"), Log: slog.New(slog.DiscardHandler), Owner: "test", Stack: "line-1",
	}
	return w
}

var target = ledger.Target{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}

// begin adds an import to the ledger, with records for its first entries.
func (w *world) begin(t *testing.T, id string, entries int, phase string, records ...ledger.Record) {
	t.Helper()
	journal, err := w.ledger.Begin(t.Context(), ledger.Import{
		ID: id, Target: target, Manifests: []ledger.Manifest{{Name: "s3://b/reel 1.csv", Vendor: "espressif", Entries: entries}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		records[i].Entry = i
	}
	if err := journal.Record(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	w.ledger.Put(stack.Job{
		Import: id, Phase: phase, Vendor: "espressif", Upload: stack.Upload{Bucket: "b", Key: "reel 1.csv", Version: id}, Created: time.Now(),
		Updated: time.Now(),
	})
}

func (w *world) imported(t *testing.T, id string) ledger.Import {
	t.Helper()
	i, err := w.ledger.Import(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (w *world) job(t *testing.T, id string) stack.Job {
	t.Helper()
	j, err := w.ledger.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

var (
	good = ledger.Record{Outcome: ledger.Imported, ThingName: "a"}
	bad  = ledger.Record{Outcome: ledger.Rejected, Reason: "expired", Detail: "expired 2020-01-01", ThingName: "b", Line: 7}
	lost = ledger.Record{Outcome: ledger.Failed, Reason: "undeliverable", Detail: "handed back for 10 days", ThingName: "c"}
)

type mailbox struct {
	fault  func() error
	mu     sync.Mutex
	held   []stack.Message
	events []stack.Event
}

func (b *mailbox) Send(_ context.Context, messages []stack.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != nil {
		if err := b.fault(); err != nil {
			return err
		}
	}
	b.held = append(b.held, messages...)
	return nil
}

func (b *mailbox) Notify(ctx context.Context, n stack.Notice) error {
	if err := b.Send(ctx, []stack.Message{{Body: n.Subject + "\n\n" + n.Text}}); err != nil {
		return err
	}
	b.events = append(b.events, n.Event)
	return nil
}

func (b *mailbox) SendKept(context.Context) error { return nil }

func (b *mailbox) take() []stack.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.held
	b.held = nil
	return held
}

// A store is S3 in memory. Like S3, it refuses parts that are too small.
type store struct {
	complete.Store
	fault func() error

	mu      sync.Mutex
	objects map[string]string
	uploads map[string][]string
	largest int
}

var errBusy = errors.New("SlowDown")

func (s *store) do(effect func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		if err := s.fault(); err != nil {
			return err
		}
	}
	return effect()
}

func (s *store) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return &s3.PutObjectOutput{}, s.do(func() error {
		body, err := io.ReadAll(in.Body)
		s.objects[*in.Bucket+"/"+*in.Key] = string(body)
		return err
	})
}

func (s *store) CreateMultipartUpload(_ context.Context, in *s3.CreateMultipartUploadInput,
	_ ...func(*s3.Options),
) (*s3.CreateMultipartUploadOutput, error) {
	id := "upload of " + *in.Key
	return &s3.CreateMultipartUploadOutput{UploadId: &id}, s.do(func() error { s.uploads[id] = nil; return nil })
}

func (s *store) UploadPart(_ context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	return &s3.UploadPartOutput{ETag: aws.String(fmt.Sprint("etag", *in.PartNumber))}, s.do(func() error {
		body, err := io.ReadAll(in.Body)
		if _, open := s.uploads[*in.UploadId]; !open {
			return &smithy.GenericAPIError{Code: "NoSuchUpload"}
		}
		if n := int(*in.PartNumber); n <= len(s.uploads[*in.UploadId]) { // as often as an invocation sends it
			s.uploads[*in.UploadId] = s.uploads[*in.UploadId][:n-1]
		}
		if len(s.uploads[*in.UploadId])+1 != int(*in.PartNumber) {
			return fmt.Errorf("part %d after %d parts", *in.PartNumber, len(s.uploads[*in.UploadId]))
		}
		s.uploads[*in.UploadId] = append(s.uploads[*in.UploadId], string(body))
		s.largest = max(s.largest, len(body))
		return err
	})
}

func (s *store) CompleteMultipartUpload(_ context.Context, in *s3.CompleteMultipartUploadInput,
	_ ...func(*s3.Options),
) (*s3.CompleteMultipartUploadOutput, error) {
	return &s3.CompleteMultipartUploadOutput{}, s.do(func() error {
		parts, open := s.uploads[*in.UploadId]
		if !open {
			return &smithy.GenericAPIError{Code: "NoSuchUpload"}
		}
		parts = parts[:min(len(parts), len(in.MultipartUpload.Parts))]
		for i, p := range parts {
			if i < len(parts)-1 && len(p) < 5<<20 {
				return errors.New("EntityTooSmall")
			}
			if *in.MultipartUpload.Parts[i].ETag != fmt.Sprint("etag", i+1) {
				return errors.New("InvalidPart")
			}
		}
		s.objects[*in.Bucket+"/"+*in.Key] = strings.Join(parts, "")
		delete(s.uploads, *in.UploadId)
		return nil
	})
}

func (s *store) AbortMultipartUpload(_ context.Context, in *s3.AbortMultipartUploadInput,
	_ ...func(*s3.Options),
) (*s3.AbortMultipartUploadOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, *in.UploadId)
	return &s3.AbortMultipartUploadOutput{}, nil
}
