package advice

import (
	"cmp"
	"strings"
)

// An Import is what the orders about an import name. The zero value names nothing.
type Import struct {
	ID string
	// Command is the ID of the later command that the advice is about, if it is about one.
	Command string
	// Stack is the name of the stack that has the import; empty for an import of a machine.
	Stack string
	// Ledger is the file of the ledger, if a command needs --ledger to find the import.
	Ledger string
	// Mend and Resume are the command lines that mend the devices and that resume the import, if its ID is not enough.
	Mend, Resume string
}

// For returns the advice for a code that [For] explains. Its orders name the import, so that they work when pasted.
func (i Import) For(code string) Advice {
	if i.Stack != "" {
		return For(code, Stack).about(i)
	}
	return For(code, CLI).about(i)
}

// about replaces the word IMPORT. It stays if the import has no ID.
func (a Advice) about(i Import) Advice {
	if i.Mend != "" {
		a.Todo = strings.ReplaceAll(a.Todo, "thingpress verify IMPORT --fix", i.Mend)
	}
	if i.Resume != "" {
		a.Todo = strings.ReplaceAll(a.Todo, "thingpress import --resume IMPORT", i.Resume)
	}
	where := ""
	if i.Stack != "" {
		where += " --stack " + i.Stack
	}
	if i.Ledger != "" {
		where += " --ledger " + shellName(i.Ledger)
	}
	if retried := cmp.Or(i.Command, i.ID); retried != "" {
		a.Todo = strings.ReplaceAll(a.Todo, "thingpress retry IMPORT", "thingpress retry "+retried+where)
	}
	if i.ID != "" {
		a.Todo = strings.ReplaceAll(a.Todo, "IMPORT", i.ID+where)
	}
	return a
}
