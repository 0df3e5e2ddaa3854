package jobtable_test

import (
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// A notice that was replaced while the older one was sent must not be forgotten with it.
func noticesAreKept(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	kept := func() (all []stack.KeptNotice) {
		t.Helper()
		for n, err := range l.Kept(t.Context()) {
			check(t, err)
			all = append(all, n)
		}
		return all
	}
	older := stack.KeptNotice{
		Notice:  stack.Notice{Kind: stack.NoticeEnded, Text: strings.Repeat("ä\n", 200<<10), Event: stack.Event{Import: "i"}},
		Channel: "SNS", Cause: "denied", At: dynamodbtest.Began,
	}
	newer := older
	newer.At, newer.Text = older.At.Add(time.Second), "newer"
	check(t, l.Keep(t.Context(), older))
	if all := kept(); len(all) != 1 || !strings.HasPrefix(all[0].Text, "ä\nä") || all[0].Cause != "denied" {
		t.Fatalf("%d notices", len(all))
	}
	check(t, l.Keep(t.Context(), newer))
	check(t, l.Forget(t.Context(), older))
	if all := kept(); len(all) != 1 || all[0].Text != "newer" || !all[0].At.Equal(newer.At) {
		t.Errorf("%+v", all)
	}
	for range 2 {
		check(t, l.Forget(t.Context(), newer))
	}
	if all := kept(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}
