package dynamodb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// asking returns what some of the entries from one to before another ask for.
func asking(from, to int) (list []ledger.Asked) {
	long := `{"thing_type":"` + strings.Repeat("x", 9000) + `"}`
	texts := []string{`{"policies":["line-7"]}`, `{"policies":["line-8"],"status":"INACTIVE"}`, long}
	for entry := from; entry < to; entry++ {
		if n := entry / 3 % 4; n < len(texts) {
			list = append(list, ledger.Asked{Place: ledger.Place{Entry: entry}, Settings: texts[n]})
		}
	}
	return list
}

func collectAsked(t *testing.T, l *dynamodb.Ledger, id string) (list []ledger.Asked) {
	t.Helper()
	for a, err := range l.Settings(t.Context(), id) {
		check(t, err)
		list = append(list, a)
	}
	return list
}

// A decoder that was killed repeats what it kept, with other ends.
func askedComesBack(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, dynamodb.Options{})
	ctx := t.Context()
	id, _ := dynamodbtest.Begin(t, l, 5000)
	other, _ := dynamodbtest.Begin(t, l, 10)
	same(t, collectAsked(t, l, id), asking(0, 0))
	for _, part := range [][2]int{{0, 1000}, {1000, 2000}, {1400, 2000}, {1000, 1300}, {1300, 1700}, {1700, 5000}, {0, 10}} {
		check(t, l.KeepSettings(ctx, id, asking(part[0], part[1])))
		check(t, l.KeepSettings(ctx, other, nil))
	}
	same(t, collectAsked(t, l, id), asking(0, 5000))
	same(t, collectAsked(t, l, other), asking(0, 0))
	for a, err := range l.Settings(ctx, id) {
		check(t, err)
		if a.Entry == 100 {
			break
		}
	}
	// Every text is another one, and together they are larger than an item may be.
	var large []ledger.Asked
	for entry := range 1000 {
		text := fmt.Sprintf(`{"thing_type":"%d%s"}`, entry, strings.Repeat(`\"`, 1000))
		large = append(large, ledger.Asked{Place: ledger.Place{Entry: entry}, Settings: text})
	}
	huge, _ := dynamodbtest.Begin(t, l, 1000)
	check(t, l.KeepSettings(ctx, huge, large))
	same(t, collectAsked(t, l, huge), large)

	// An import that begins again with other settings may read its manifest in another way.
	i, err := l.Import(ctx, id)
	check(t, err)
	i.Settings = "{}"
	check(t, l.Restart(ctx, i))
	same(t, collectAsked(t, l, id), asking(0, 0))
	check(t, l.KeepSettings(ctx, id, asking(0, 5)))
	same(t, collectAsked(t, l, id), asking(0, 5))

	nobody := uuid.Must(uuid.NewV7()).String()
	for _, err := range l.Settings(ctx, nobody) {
		if !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	}
	if err := l.KeepSettings(ctx, nobody, asking(0, 5)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// The rows of a table are usually sorted by nothing that the settings depend on.
func askedIsCheap(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	l := through(x, p)
	id, _ := dynamodbtest.Begin(t, l, 1000)
	var list []ledger.Asked
	for entry := range 1000 {
		text := fmt.Sprintf(`{"policies":["line-%d"],"thing_groups":["hall-%d"]}`, entry%7, entry%3)
		list = append(list, ledger.Asked{Place: ledger.Place{Entry: entry}, Settings: text})
	}
	p.Reset()
	check(t, l.KeepSettings(t.Context(), id, list))
	same(t, p.Calls, map[string]int{"GetItem": 1, "UpdateItem": 1})
	if p.Write > 20 { // of the 2,000 that the outcomes take
		t.Errorf("%g write units", p.Write)
	}
	t.Logf("%g write units for 1,000 entries", p.Write)
}
