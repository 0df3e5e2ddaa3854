package ledger_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
)

// committed is a group and the time of its commit since the start of the test.
type committed struct {
	Group []int
	At    time.Duration
}

// collecting returns a committer for groups of three or of an age of one second, and the groups
// that it commits.
func collecting(commit func()) (c *ledger.Committer[int], groups *[]committed) {
	begun := time.Now()
	groups = &[]committed{}
	return ledger.NewCommitter(3, time.Second, func(group []int) {
		*groups = append(*groups, committed{slices.Clone(group), time.Since(begun)})
		commit()
	}), groups
}

func TestCommitterCommitsByCountAndByAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, groups := collecting(func() {})
		for n := range 4 {
			c.Add(n)
		}
		time.Sleep(900 * time.Millisecond) // simulated
		c.Add(4)                           // does not extend the group's age
		time.Sleep(10 * time.Second)
		c.Add(5)
		c.Add(6)
		c.Close()
		want := []committed{
			{[]int{0, 1, 2}, 0}, {[]int{3, 4}, time.Second}, {[]int{5, 6}, 10900 * time.Millisecond},
		}
		if diff := cmp.Diff(want, *groups); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestCommitterAgesAGroupFromItsOwnFirstItem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, groups := collecting(func() {})
		c.Add(0)
		time.Sleep(800 * time.Millisecond) // simulated
		c.Add(1)
		c.Add(2) // full: committed before its age
		synctest.Wait()
		c.Add(3)
		time.Sleep(time.Minute)
		c.Close()
		want := []committed{{[]int{0, 1, 2}, 800 * time.Millisecond}, {[]int{3}, 1800 * time.Millisecond}}
		if diff := cmp.Diff(want, *groups); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestAddWaitsWhileTheLedgerIsBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, groups := collecting(func() { time.Sleep(time.Minute) }) // simulated
		begun := time.Now()
		for n := range 7 {
			c.Add(n)
		}
		if got := time.Since(begun); got != time.Minute {
			t.Errorf("seven items, three of them committed and three waiting, were accepted after %v", got)
		}
		c.Close()
		if got := time.Since(begun); got != 3*time.Minute || len(*groups) != 3 {
			t.Errorf("closed after %v with %d groups committed", got, len(*groups))
		}
	})
}

func TestCommitterOfNothingCommitsNothing(t *testing.T) {
	t.Parallel()
	c, groups := collecting(func() {})
	c.Close()
	if len(*groups) > 0 {
		t.Errorf("committed %v", *groups)
	}
}

func TestCommitterKeepsWhatManyAddAtOnce(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 500
	last := [writers]int{}
	total := 0
	c := ledger.NewCommitter(99, time.Millisecond, func(group [][2]int) {
		total += len(group)
		for _, item := range group {
			if last[item[0]]++; last[item[0]] != item[1] {
				t.Errorf("writer %d: item %d after %d", item[0], item[1], last[item[0]]-1)
			}
		}
	})
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range each {
				c.Add([2]int{w, n + 1})
			}
		})
	}
	all.Wait()
	c.Close()
	if total != writers*each {
		t.Errorf("%d of %d items committed", total, writers*each)
	}
}
