package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A world is everything that outlives a killed function. Functions reach it through a process.
type world struct {
	mu       sync.Mutex
	objects  map[string][]byte // by bucket/key; the only version is v1
	uploads  map[stack.Upload]string
	jobs     map[string]stack.Job
	leases   map[string]stack.Lease
	unsaved  map[string]int // leases since the last save or release
	imports  map[string]ledger.Import
	records  map[string]map[int]ledger.Record
	asked    map[int]string  // what entries of the only import that asks for anything ask for
	inbox    []stack.Message // sent to the manifests queue
	devices  []stack.DeviceMessage
	done     map[int]bool // entries of the only import that importers have imported
	tasks    []stack.Task // that completion was asked for
	early    []string     // what was sent before its time
	applied  map[string]float64
	policies []string
	// parameters are those of the stack that differ.
	parameters map[string]string
}

func newWorld() *world {
	return &world{
		objects: map[string][]byte{}, uploads: map[stack.Upload]string{}, jobs: map[string]stack.Job{}, asked: map[int]string{},
		leases: map[string]stack.Lease{}, unsaved: map[string]int{}, done: map[int]bool{},
		imports: map[string]ledger.Import{}, records: map[string]map[int]ledger.Record{},
		policies: []string{"sensors"}, parameters: map[string]string{"IoTPolicies": "sensors"},
	}
}

var errKilled = errors.New("the process was killed")

// A process is the access of one invocation to the world. Every step can take time,
// fail, or be the last one.
type process struct {
	*world
	log *slog.Logger
	// latency is the duration of each step.
	latency time.Duration
	// fault, if set, is called before and after each step. After an error that wraps
	// errKilled, every step returns that error.
	fault func(op string, after bool) error

	dead error
}

func (p *process) step(ctx context.Context, op string, effect func() error) error {
	if p.latency > 0 {
		select {
		case <-time.After(p.latency):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ask(op, false); err != nil {
		return err
	}
	if err := effect(); err != nil {
		return err
	}
	return p.ask(op, true)
}

func (p *process) ask(op string, after bool) error {
	if p.dead == nil && p.fault != nil {
		if err := p.fault(op, after); errors.Is(err, errKilled) {
			p.dead = err
		} else if err != nil {
			return err
		}
	}
	return p.dead
}

// handler returns the function in this process.
func (p *process) handler(c stack.Config) *Handler {
	log := p.log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return New(Config{
		Stack: c, Jobs: p, Orders: p, Leases: p, Ledger: p, Reopener: p, Asked: p, Objects: p,
		Manifests: sender{p, true}, Devices: sender{p, false},
		Parameters: p.parameterText,
		OpenIoT:    func(context.Context) (IoT, error) { return account{p.world}, nil }, Completion: completion{p},
		Target: func(context.Context) (ledger.Target, error) {
			return ledger.Target{Partition: "aws", Account: "123456789012", Region: "eu-central-1"}, nil
		},
		Rejected: func(int) {}, Log: log,
	})
}

func (p *process) parameterText(ctx context.Context, name string) (text string, err error) {
	err = p.step(ctx, "Parameters", func() error {
		if name != "parameters" {
			return fmt.Errorf("there is no parameter %q", name)
		}
		for _, name := range slices.Sorted(maps.Keys(p.parameters)) {
			text += name + "=" + p.parameters[name] + "\n"
		}
		return nil
	})
	return text, err
}

func (p *process) Start(ctx context.Context, u stack.Upload, j stack.Job) (now stack.Job, created bool, err error) {
	err = p.step(ctx, "Start", func() error {
		id, there := p.uploads[u]
		if !there {
			p.uploads[u], p.jobs[j.Import], id, created = j.Import, j, j.Import, true
		}
		now = p.jobs[id]
		return nil
	})
	return now, created, err
}

func (p *process) Get(ctx context.Context, id string) (j stack.Job, err error) {
	err = p.step(ctx, "Get", func() error {
		var ok bool
		if j, ok = p.jobs[id]; !ok {
			return ledger.ErrNotFound
		}
		return nil
	})
	return j, err
}

func (p *process) Lease(ctx context.Context, id, owner string, until time.Time) (l stack.Lease, err error) {
	err = p.step(ctx, "Lease", func() error {
		j, ok := p.jobs[id]
		if !ok {
			return ledger.ErrNotFound
		}
		if held, ok := p.leases[id]; ok && time.Now().Before(held.Until) {
			return &stack.LeasedError{Until: held.Until}
		}
		j.Generation++
		p.jobs[id] = j
		l = stack.Lease{Import: id, Owner: owner, Generation: j.Generation, Until: until, Crashes: p.unsaved[id]}
		p.unsaved[id]++
		p.leases[id] = l
		return nil
	})
	return l, err
}

func (p *process) Save(ctx context.Context, l stack.Lease, j stack.Job) error {
	return p.step(ctx, "Save", func() error {
		now := p.jobs[l.Import]
		if now.Generation != l.Generation {
			return fmt.Errorf("generation %d: %w", now.Generation, stack.ErrFenced)
		}
		if j.Generation = now.Generation; j.Phase != stack.PhaseStopped {
			j.Cause, j.RetryAt = now.Cause, now.RetryAt
		}
		j.Order = now.Order
		delete(p.unsaved, l.Import)
		p.jobs[l.Import] = j
		return nil
	})
}

func (p *process) Release(ctx context.Context, l stack.Lease) error {
	return p.step(ctx, "Release", func() error {
		if p.leases[l.Import].Generation == l.Generation {
			delete(p.leases, l.Import)
			delete(p.unsaved, l.Import)
		}
		return nil
	})
}

func (p *process) SetCause(ctx context.Context, id, cause string, at time.Time) error {
	return p.step(ctx, "SetCause", func() error {
		j := p.jobs[id]
		j.Cause, j.RetryAt = cause, at
		p.jobs[id] = j
		return nil
	})
}

func (p *process) Import(ctx context.Context, id string) (i ledger.Import, err error) {
	err = p.step(ctx, "Import", func() error {
		var ok bool
		if i, ok = p.imports[id]; !ok {
			return ledger.ErrNotFound
		}
		i.Counts = p.counts(id)
		return nil
	})
	return i, err
}

func (p *process) Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error) {
	err := p.step(ctx, "Begin", func() error {
		if _, ok := p.imports[i.ID]; ok {
			return errors.New("begun already")
		}
		p.imports[i.ID], p.records[i.ID] = i, map[int]ledger.Record{}
		return nil
	})
	return journal{p, i.ID}, err
}

func (p *process) Resume(ctx context.Context, id string) (ledger.Journal, error) {
	err := p.step(ctx, "Resume", func() error {
		if _, ok := p.imports[id]; !ok {
			return ledger.ErrNotFound
		}
		return nil
	})
	return journal{p, id}, err
}

func (p *process) Counts(ctx context.Context, id string) (c ledger.Counts, err error) {
	err = p.step(ctx, "Counts", func() error {
		if _, ok := p.imports[id]; !ok {
			return ledger.ErrNotFound
		}
		c = p.counts(id)
		return nil
	})
	return c, err
}

func (w *world) counts(id string) (c ledger.Counts) {
	c.Entries = w.imports[id].Manifests[0].Entries
	for _, r := range w.records[id] {
		c.Add(r.Outcome, 1)
	}
	c.Imported += len(w.done)
	return c
}

func (p *process) Outcomes(ctx context.Context, id string, entries []int) (found map[int]ledger.Record, err error) {
	err = p.step(ctx, "Outcomes", func() error {
		found = map[int]ledger.Record{}
		for _, entry := range entries {
			if r, ok := p.records[id][entry]; ok {
				found[entry] = r
			}
		}
		return nil
	})
	return found, err
}

func (p *process) Open(context.Context) iter.Seq2[stack.Job, error] {
	return func(yield func(stack.Job, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(p.jobs)) {
			if j := p.jobs[id]; j.Phase != stack.PhaseDone && !yield(j, nil) {
				return
			}
		}
	}
}

type journal struct {
	p  *process
	id string
}

func (j journal) Mark(context.Context, []ledger.Mark) error {
	return errors.New("nothing is to be marked")
}

func (j journal) Marked(context.Context) iter.Seq2[ledger.Mark, error] {
	return func(func(ledger.Mark, error) bool) {}
}

func (j journal) Close(context.Context, ledger.End) error {
	return errors.New("completion closes imports")
}

func (j journal) Record(ctx context.Context, records []ledger.Record) error {
	return j.p.step(ctx, "Record", func() error {
		if phase := j.p.jobs[j.id].Phase; phase != stack.PhaseSend {
			j.p.early = append(j.p.early, "a record in phase "+phase)
		}
		for _, r := range records {
			j.p.records[j.id][r.Entry] = r
		}
		return nil
	})
}

type sender struct {
	p         *process
	manifests bool
}

func (s sender) Send(ctx context.Context, messages []stack.Message) error {
	op := "Send"
	if s.manifests {
		op = "Task"
	}
	return s.p.step(ctx, op, func() error {
		if s.manifests {
			s.p.inbox = append(s.p.inbox, messages...)
			return nil
		}
		for _, m := range messages {
			d, err := stack.ParseDeviceMessage(m.Body)
			if err != nil {
				return err
			}
			if phase := s.p.jobs[d.Import].Phase; phase != stack.PhaseSend {
				s.p.early = append(s.p.early, fmt.Sprintf("entry %d in phase %s", d.Entry, phase))
			}
			if d.Settings != nil && s.p.asked[d.Entry] == "" {
				s.p.early = append(s.p.early, fmt.Sprintf("entry %d before the ledger has what it asks for", d.Entry))
			}
			s.p.devices = append(s.p.devices, d)
		}
		return nil
	})
}

func (p *process) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (out *s3.GetObjectOutput, err error) {
	err = p.step(ctx, "GetObject", func() error {
		data, ok := p.objects[*in.Bucket+"/"+*in.Key]
		var start, end int
		_, _ = fmt.Sscanf(*in.Range, "bytes=%d-%d", &start, &end)
		if !ok || in.VersionId != nil && *in.VersionId != "v1" {
			return &types.NoSuchKey{}
		}
		end = min(end, len(data)-1)
		span, version, etag := fmt.Sprintf("bytes %d-%d/%d", start, end, len(data)), "v1", `"e1"`
		out = &s3.GetObjectOutput{
			Body: io.NopCloser(bytes.NewReader(data[start : end+1])), ContentRange: &span, VersionId: &version, ETag: &etag,
		}
		return nil
	})
	return out, err
}

func (p *process) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	err := p.step(ctx, "ListObjectsV2", func() error {
		for name := range p.objects {
			if key, ok := bytes.CutPrefix([]byte(name), []byte(*in.Bucket+"/")); ok {
				text := string(key)
				out.Contents = append(out.Contents, types.Object{Key: &text})
			}
		}
		return nil
	})
	return out, err
}

// reasons counts the recorded rejections of an import.
func (w *world) reasons(id string) map[manifest.Reason]int {
	n := map[manifest.Reason]int{}
	for _, r := range w.records[id] {
		n[manifest.Reason(r.Reason)]++
	}
	return n
}
