package ledger

import "time"

// A Committer collects items and commits them in groups, since a transaction for many records
// costs hardly more than one for a single record. It knows no store: its commit function writes
// the groups and handles errors. Both the engine and the stack record outcomes through it into
// a [Journal].
type Committer[T any] struct {
	items  chan T
	closed chan struct{}
}

// NewCommitter returns a running Committer. It calls commit for each group as soon as the group
// has most items, or when age has passed since its first item was added, whichever is earlier.
// One goroutine makes all calls of commit, with the items in the order in which they were
// added. The slice must not be used after commit returns. The caller must call Close.
func NewCommitter[T any](most int, age time.Duration, commit func(group []T)) *Committer[T] {
	c := &Committer[T]{items: make(chan T, most), closed: make(chan struct{})}
	go func() {
		defer close(c.closed)
		c.commitGroups(most, age, commit)
	}()
	return c
}

// Add adds an item. It waits while commit cannot keep up. It is safe for concurrent use, but
// must not be called by commit, nor after Close.
func (c *Committer[T]) Add(item T) { c.items <- item }

// Close commits the remaining items, and returns after the last commit. It must be called once.
func (c *Committer[T]) Close() {
	close(c.items)
	<-c.closed
}

func (c *Committer[T]) commitGroups(most int, age time.Duration, commit func([]T)) {
	var due <-chan time.Time // of the group's age; nil while it is empty
	group := make([]T, 0, most)
	for open := true; open; {
		var item T
		select {
		case item, open = <-c.items:
			if !open {
				break
			}
			if len(group) == 0 {
				due = time.After(age)
			}
			if group = append(group, item); len(group) < most {
				continue
			}
		case <-due:
		}
		if len(group) > 0 {
			commit(group)
		}
		clear(group) // commits are rare, and the items must not keep memory in use until the next one
		group, due = group[:0], nil
	}
}
