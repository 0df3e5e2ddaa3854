package engine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The certificates that only one of two lists has must be among those that are looked up, and lists that are the
// same must cost no look-up.
func TestRollCallFindsWhatOneListLacks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		loose := rapid.SliceOfDistinct(rapid.StringN(0, 8, -1), rapid.ID[string]).Draw(rt, "loose")
		r, attached := newRollCall(), rapid.IntRange(0, 300).Draw(rt, "attached")
		for i := range attached {
			r.add(fmt.Sprintf("%064x", i))
		}
		for i := range attached { // in another order
			r.remove(fmt.Sprintf("%064x", attached-1-i))
		}
		for _, id := range loose {
			r.remove(id)
		}
		for _, id := range loose {
			if r.balanced(id) {
				rt.Fatalf("%q is not looked up", id)
			}
		}
	})
	r, n := newRollCall(), 10_000
	for i := range n {
		r.add(fmt.Sprint(i))
	}
	for i := range n {
		r.remove(fmt.Sprint(n - 1 - i))
	}
	if *r != (rollCall{}) {
		t.Error("equal lists seem to differ")
	}
}

// A name of a foreign endpoint must not become two.
func TestListOfNamesKeepsNames(t *testing.T) {
	t.Parallel()
	l, err := newNameList()
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	names := []string{"a", "b\nc", `"`, "", "ü\x00", " "}
	for _, name := range names {
		if err := l.add(name); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for name, err := range l.all() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if diff := cmp.Diff(names, got); diff != "" || l.count != len(names) {
		t.Errorf("%d names (-want +got):\n%s", l.count, diff)
	}
}
