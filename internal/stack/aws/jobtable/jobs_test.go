package jobtable_test

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

var upload = stack.Upload{Bucket: "b", Key: "reel 1.csv", Version: "v1", ETag: "e", Sequencer: "s", Size: 1 << 40}

func start(t *testing.T, l *jobtable.Store, id string, u stack.Upload) stack.Job {
	t.Helper()
	job, created, err := l.Start(t.Context(), u, stack.Job{Import: id, Vendor: "espressif", Phase: stack.PhaseHash, Settings: "{}"})
	check(t, err)
	same(t, created, true)
	return job
}

func ids(t *testing.T, jobs iter.Seq2[stack.Job, error]) (list []string) {
	t.Helper()
	for j, err := range jobs {
		check(t, err)
		list = append(list, j.Import)
	}
	return list
}

func oneUploadOneJob(t *testing.T, x *dynamodbtest.Table) {
	const events = 8
	var created atomic.Int64
	imports := make([]string, events)
	var group sync.WaitGroup
	for n := range events {
		group.Go(func() {
			again := upload
			again.Size, again.ETag, again.Sequencer = int64(n), "", "" // the version alone identifies it
			job, isNew, err := open(x, table.Options{}).Start(t.Context(), again, stack.Job{Import: fmt.Sprint("i", n), Phase: stack.PhaseHash})
			if err != nil {
				t.Error(err)
			}
			if isNew {
				created.Add(1)
			}
			imports[n] = job.Import
		})
	}
	group.Wait()
	same(t, created.Load(), int64(1))
	for _, id := range imports {
		same(t, id, imports[0])
	}
	l := open(x, table.Options{})
	same(t, ids(t, l.All(t.Context())), imports[:1])
	same(t, ids(t, l.Open(t.Context())), imports[:1])
}

func otherVersion(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	for n, u := range []stack.Upload{
		upload,
		{Bucket: "b", Key: "reel 1.csv", Version: "v2"},
		{Bucket: "b", Key: "reel 2.csv", Version: "v1"},
		{Bucket: "c", Key: "reel 1.csv", Version: "v1"},
		{Bucket: "b", Key: "reel 1.csv", ETag: "e", Sequencer: "1"},
		{Bucket: "b", Key: "reel 1.csv", ETag: "e", Sequencer: "2"},
	} {
		start(t, l, fmt.Sprint("i", n), u)
	}
	if _, _, err := l.Start(t.Context(), stack.Upload{Bucket: "d"}, stack.Job{Import: "i0"}); err == nil {
		t.Error("one import has two uploads")
	}
}

func jobComesBack(t *testing.T, x *dynamodbtest.Table) {
	now := dynamodbtest.Began
	l := open(x, table.Options{Now: func() time.Time { return now }})
	job := start(t, l, "i", upload)
	same(t, job, stack.Job{
		Import: "i", Upload: upload, Vendor: "espressif", Created: dynamodbtest.Began, Updated: dynamodbtest.Began, Phase: stack.PhaseHash,
		Settings: "{}",
	})
	got, err := l.Get(t.Context(), "i")
	check(t, err)
	same(t, got, job)

	lease, err := l.Lease(t.Context(), "i", "a", now.Add(time.Minute))
	check(t, err)
	now = dynamodbtest.Began.Add(time.Second)
	job.Phase, job.Progress, job.Settings = stack.PhaseCheck, []byte{0, 255}, `{"a":1}`
	job.Signers, job.Sent = []stack.ObjectVersion{{Bucket: "s", Key: "signer.pem", Version: "7"}}, 7
	check(t, l.Save(t.Context(), lease, job))
	job.Updated, job.Generation, job.LeasedUntil = now, 1, lease.Until
	got, err = l.Get(t.Context(), "i")
	check(t, err)
	same(t, got, job)

	job.Progress, job.Signers, job.Sent = nil, nil, 0 // and removed fields are gone
	check(t, l.Save(t.Context(), lease, job))
	got, err = l.Get(t.Context(), "i")
	check(t, err)
	same(t, got, job)
}

func leaseIsFenced(t *testing.T, x *dynamodbtest.Table) {
	now := dynamodbtest.Began
	l := open(x, table.Options{Now: func() time.Time { return now }})
	job := start(t, l, "i", upload)
	first, err := l.Lease(t.Context(), "i", "a", now.Add(time.Minute))
	check(t, err)
	_, err = l.Lease(t.Context(), "i", "b", now.Add(time.Hour))
	var leased *stack.LeasedError
	if !errors.As(err, &leased) || !leased.Until.Equal(first.Until) {
		t.Fatalf("second lease: %v, want a LeasedError until %v", err, first.Until)
	}
	check(t, l.Save(t.Context(), first, job))

	now = first.Until
	second, err := l.Lease(t.Context(), "i", "b", now.Add(time.Minute))
	check(t, err)
	same(t, second.Generation, first.Generation+1)
	late := job
	late.Phase = stack.PhaseDone
	if err := l.Save(t.Context(), first, late); !errors.Is(err, stack.ErrFenced) {
		t.Errorf("save under a lease that was taken over: %v", err)
	}
	same(t, ids(t, l.Open(t.Context())), []string{"i"}) // nothing of it was written
	check(t, l.Save(t.Context(), second, job))
	got, err := l.Get(t.Context(), "i")
	check(t, err)
	same(t, got.Phase, stack.PhaseHash)
}

// Only an owner that crashed before it got any further counts.
func crashesAreCounted(t *testing.T, x *dynamodbtest.Table) {
	now := dynamodbtest.Began
	l := open(x, table.Options{Now: func() time.Time { return now }})
	job := start(t, l, "i", upload)
	lease := func(crashes int) stack.Lease {
		t.Helper()
		got, err := l.Lease(t.Context(), "i", now.String(), now.Add(time.Minute))
		check(t, err)
		same(t, got.Crashes, crashes)
		now = now.Add(time.Minute)
		return got
	}
	lease(0)
	lease(1)
	check(t, l.Save(t.Context(), lease(2), job))
	lease(0)
	check(t, l.Release(t.Context(), lease(1)))
	lease(0)
}

func lateRelease(t *testing.T, x *dynamodbtest.Table) {
	now := dynamodbtest.Began
	l := open(x, table.Options{Now: func() time.Time { return now }})
	start(t, l, "i", upload)
	first, err := l.Lease(t.Context(), "i", "a", now)
	check(t, err)
	second, err := l.Lease(t.Context(), "i", "b", now.Add(time.Minute))
	check(t, err)
	check(t, l.Release(t.Context(), first))
	var leased *stack.LeasedError
	if _, err := l.Lease(t.Context(), "i", "c", now.Add(time.Minute)); !errors.As(err, &leased) {
		t.Errorf("the second lease was given back by the first: %v", err)
	}
	check(t, l.Release(t.Context(), second))
	_, err = l.Lease(t.Context(), "i", "c", now.Add(time.Minute))
	check(t, err)
}

func leaseRaces(t *testing.T, x *dynamodbtest.Table) {
	start(t, open(x, table.Options{}), "i", upload)
	var got, refused atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			_, err := open(x, table.Options{}).Lease(t.Context(), "i", fmt.Sprint("owner ", n), time.Now().Add(time.Hour))
			var leased *stack.LeasedError
			switch {
			case err == nil:
				got.Add(1)
			case errors.As(err, &leased):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	same(t, []int64{got.Load(), refused.Load()}, []int64{1, 7})
}

func checkpointKeepsCause(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	job := start(t, l, "i", upload)
	lease, err := l.Lease(t.Context(), "i", "decoder", time.Now().Add(time.Hour))
	check(t, err)
	check(t, l.SetCause(t.Context(), "i", "denied", dynamodbtest.Began))
	job.Phase = stack.PhaseSend
	check(t, l.Save(t.Context(), lease, job))
	cause := func() []string {
		got, err := l.Get(t.Context(), "i")
		check(t, err)
		return []string{got.Cause, got.RetryAt.Format(time.RFC3339)}
	}
	none := time.Time{}.Format(time.RFC3339)
	same(t, cause(), []string{"denied", dynamodbtest.Began.Format(time.RFC3339)})
	check(t, l.SetCause(t.Context(), "i", "", time.Time{}))
	same(t, cause(), []string{"", none})
	job.Phase, job.Cause = stack.PhaseStopped, "broken archive"
	check(t, l.Save(t.Context(), lease, job))
	same(t, cause(), []string{"broken archive", none})
}

func openJobs(t *testing.T, x *dynamodbtest.Table) {
	now := dynamodbtest.Began
	l := open(x, table.Options{Now: func() time.Time { return now }})
	for n := range 3 {
		u := upload
		u.Version = fmt.Sprint(n)
		start(t, l, fmt.Sprint("i", n), u)
		now = now.Add(time.Second)
	}
	same(t, ids(t, l.All(t.Context())), []string{"i2", "i1", "i0"})
	save := func(phase string) {
		lease, err := l.Lease(t.Context(), "i1", "a", now)
		check(t, err)
		job, err := l.Get(t.Context(), "i1")
		check(t, err)
		job.Phase = phase
		check(t, l.Save(t.Context(), lease, job))
	}
	save(stack.PhaseDone)
	same(t, ids(t, l.Open(t.Context())), []string{"i0", "i2"})
	same(t, len(ids(t, l.All(t.Context()))), 3)
	save(stack.PhaseSent)
	same(t, ids(t, l.Open(t.Context())), []string{"i0", "i1", "i2"})
}

func unknownJobs(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	_, get := l.Get(t.Context(), "i")
	_, lease := l.Lease(t.Context(), "i", "a", time.Now())
	for name, err := range map[string]error{
		"Get": get, "Lease": lease, "SetCause": l.SetCause(t.Context(), "i", "denied", dynamodbtest.Began),
	} {
		if !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	same(t, len(x.Items(t, "")), 0)
}

// An importer may record a cause while the decoder saves the same job.
func updateMeetsTransaction(t *testing.T, x *dynamodbtest.Table) {
	start(t, open(x, table.Options{}), "i", upload)
	p := x.Proxy()
	p.Before = func(string) error {
		if p.Calls["UpdateItem"] < 3 {
			return &types.TransactionConflictException{}
		}
		return nil
	}
	check(t, through(x, p).SetCause(t.Context(), "i", "denied", dynamodbtest.Began))
	same(t, p.Calls, map[string]int{"UpdateItem": 3})
}
