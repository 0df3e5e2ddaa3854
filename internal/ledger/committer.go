package ledger

import "time"

// A Committer collects items and commits them in groups: one transaction for
// many records costs hardly more than one for a single record. It knows no
// store; what is done with a group, and with an error, is up to the commit
// function that it is made with. The engine records outcomes through it into
// any [Journal], and so does the stack.
type Committer[T any] struct {
	items  chan T
	closed chan struct{}
}

// NewCommitter returns a running Committer. It calls commit with each group as
// soon as the group holds most items, or when age has passed since its first
// item came, whichever is earlier. Commit is called by one goroutine, never
// twice at once, with the items in the order in which they were added; the
// slice must not be used after commit returns. The caller must call Close.
func NewCommitter[T any](most int, age time.Duration, commit func(group []T)) *Committer[T] {
	c := &Committer[T]{items: make(chan T, most), closed: make(chan struct{})}
	go func() {
		defer close(c.closed)
		c.commitGroups(most, age, commit)
	}()
	return c
}

// Add hands an item over. While commits are slower than what is added, it waits.
// It is safe for concurrent use. It must not be called by commit, nor after Close.
func (c *Committer[T]) Add(item T) { c.items <- item }

// Close commits what has been added, and returns after the last commit has.
// It must be called once.
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
		clear(group) // commits are rare, and what the items hold must not outlive them
		group, due = group[:0], nil
	}
}
