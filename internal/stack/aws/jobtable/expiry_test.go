package jobtable_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// everything writes an item of every kind, and returns how many seconds after Began
// each expires; -1 for never.
func everything(t *testing.T, x *dynamodbtest.Table, retention time.Duration) map[string]int64 {
	t.Helper()
	as := x.Open(table.Options{Retention: retention, Now: func() time.Time { return dynamodbtest.Began }})
	l := jobtable.New(as)
	job := start(t, l, "i", upload)
	lease, err := l.Lease(t.Context(), "i", "a", dynamodbtest.Began.Add(time.Minute))
	check(t, err)
	check(t, l.Save(t.Context(), lease, job))
	_, j := dynamodbtest.Begin(t, dynamodb.New(as, dynamodb.Options{}), 2)
	check(t, j.Mark(t.Context(), []ledger.Mark{{Place: ledger.Place{Entry: 1}, At: dynamodbtest.Began}}))
	check(t, j.Record(t.Context(), []ledger.Record{dynamodbtest.Imported(0)}))
	claim(t, l, claimOf(0, "n", "c"))
	check(t, j.Close(t.Context(), ledger.End{State: ledger.StateFinished, At: dynamodbtest.Began}))
	expires := map[string]int64{}
	for _, i := range x.Items(t, "") {
		after := int64(-1)
		if v, ok := i["expires"].(*types.AttributeValueMemberN); ok {
			at, err := strconv.ParseInt(v.Value, 10, 64)
			check(t, err)
			after = at - dynamodbtest.Began.Unix()
		}
		expires[dynamodbtest.Text(i, "pk")+" "+dynamodbtest.Text(i, "sk")] = after
	}
	if len(expires) < 12 {
		t.Fatalf("%d items of all kinds: %v", len(expires), expires)
	}
	return expires
}

const claimsKept = int64(jobtable.ClaimsKept / time.Second)

func nothingExpires(t *testing.T, x *dynamodbtest.Table) {
	for name, after := range everything(t, x, 0) {
		want := int64(-1)
		if strings.HasPrefix(name, "claim#") {
			want = claimsKept
		}
		if after != want {
			t.Errorf("%s expires after %d s, want %d", name, after, want)
		}
	}
}

func everythingExpires(t *testing.T, x *dynamodbtest.Table) {
	for name, after := range everything(t, x, time.Hour) {
		want := int64(3600)
		if strings.HasPrefix(name, "claim#") {
			want = claimsKept
		}
		if after != want {
			t.Errorf("%s expires after %d s, want %d", name, after, want)
		}
	}
}

// Import and job are written once, but needed as long as a function works on them.
func workedOnIsKept(t *testing.T, x *dynamodbtest.Table) {
	now := dynamodbtest.Began
	as := x.Open(table.Options{Retention: time.Hour, Now: func() time.Time { return now }})
	l, imports := jobtable.New(as), dynamodb.New(as, dynamodb.Options{})
	job := start(t, l, "i", upload)
	id, _ := dynamodbtest.Begin(t, imports, 1)
	expires := func(prefix string) int64 {
		t.Helper()
		items := x.Items(t, prefix)
		same(t, len(items), 1)
		v, ok := items[0]["expires"].(*types.AttributeValueMemberN)
		if !ok {
			t.Fatalf("%s… does not expire", prefix)
		}
		at, err := strconv.ParseInt(v.Value, 10, 64)
		check(t, err)
		return at - dynamodbtest.Began.Unix()
	}
	now = dynamodbtest.Began.Add(59 * time.Minute)
	j, err := imports.Resume(t.Context(), id)
	check(t, err)
	same(t, expires("import#"), int64(2*3600-60))
	lease, err := l.Lease(t.Context(), "i", "a", now.Add(time.Minute))
	check(t, err)
	check(t, l.Save(t.Context(), lease, job))
	same(t, expires("job#"), int64(2*3600-60))
	now = dynamodbtest.Began.Add(90 * time.Minute)
	check(t, j.Close(t.Context(), ledger.End{State: ledger.StateFinished, At: now}))
	same(t, expires("import#"), int64(2*3600+1800))
}
