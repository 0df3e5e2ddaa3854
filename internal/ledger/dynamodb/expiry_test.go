package dynamodb_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
)

// everything writes an item of every kind, and returns them with the number of
// seconds from began after which each expires; -1 is never.
func everything(t *testing.T, x *table, retention time.Duration) map[string]int64 {
	t.Helper()
	l := x.open(dynamodb.Options{Retention: retention, Now: func() time.Time { return began }})
	job := start(t, l, "i", upload)
	lease, err := l.Lease(t.Context(), "i", "a", began.Add(time.Minute))
	check(t, err)
	check(t, l.Save(t.Context(), lease, job))
	_, j := begin(t, l, 2)
	check(t, j.Mark(t.Context(), []ledger.Mark{{Place: ledger.Place{Entry: 1}, At: began}}))
	check(t, j.Record(t.Context(), []ledger.Record{imported(0)}))
	claim(t, l, claimOf(0, "n", "c"))
	check(t, j.Close(t.Context(), ledger.End{State: ledger.StateFinished, At: began}))
	expires := map[string]int64{}
	for _, i := range x.items(t, "") {
		after := int64(-1)
		if v, ok := i["expires"].(*types.AttributeValueMemberN); ok {
			at, err := strconv.ParseInt(v.Value, 10, 64)
			check(t, err)
			after = at - began.Unix()
		}
		expires[textOf(i, "pk")+" "+textOf(i, "sk")] = after
	}
	if len(expires) < 12 {
		t.Fatalf("%d items of all kinds: %v", len(expires), expires)
	}
	return expires
}

const claimsKept = int64(dynamodb.ClaimsKept / time.Second)

func nothingExpires(t *testing.T, x *table) {
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

func everythingExpires(t *testing.T, x *table) {
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

// Import and job are written once, and needed as long as anybody works on them.
func workedOnIsKept(t *testing.T, x *table) {
	now := began
	l := x.open(dynamodb.Options{Retention: time.Hour, Now: func() time.Time { return now }})
	job := start(t, l, "i", upload)
	id, _ := begin(t, l, 1)
	expires := func(prefix string) int64 {
		t.Helper()
		items := x.items(t, prefix)
		same(t, len(items), 1)
		v, ok := items[0]["expires"].(*types.AttributeValueMemberN)
		if !ok {
			t.Fatalf("%s… does not expire", prefix)
		}
		at, err := strconv.ParseInt(v.Value, 10, 64)
		check(t, err)
		return at - began.Unix()
	}
	now = began.Add(59 * time.Minute)
	j, err := l.Resume(t.Context(), id)
	check(t, err)
	same(t, expires("import#"), int64(2*3600-60))
	lease, err := l.Lease(t.Context(), "i", "a", now.Add(time.Minute))
	check(t, err)
	check(t, l.Save(t.Context(), lease, job))
	same(t, expires("job#"), int64(2*3600-60))
	now = began.Add(90 * time.Minute)
	check(t, j.Close(t.Context(), ledger.End{State: ledger.StateFinished, At: now}))
	same(t, expires("import#"), int64(2*3600+1800))
}
