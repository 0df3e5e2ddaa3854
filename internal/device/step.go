package device

import (
	"context"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
)

// An Effect is what a successful step means for the account.
type Effect int

// Effects of steps.
const (
	Reads   Effect = iota // nothing changed
	Ensures               // the result exists, and may have existed before
	Creates               // the import created it
)

// A Step is one call for one device.
type Step struct {
	Operation iot.Operation `json:"operation"`
	// Parameters are named as AWS names them. They contain the ID of a
	// certificate, never its content.
	Parameters map[string]any `json:"parameters"`
	Effect     Effect         `json:"-"`
	// Resources are the names that the ledger records, such as that of the
	// policy; nil if the operation leaves no choice.
	Resources []string `json:"-"`
	// Do makes the call. Its error is that of [call.Caller.Do], or a *[FailedError].
	Do func(c *call.Caller) (call.Result, error) `json:"-"`
}

// A Stage carries out steps that do not depend on each other. It tries all of
// them, and returns the error that decides about the device.
type Stage func(steps ...Step) error

// records returns what the ledger keeps of a successful step.
func (s Step) records() []ledger.Step {
	if s.Effect == Reads {
		return nil
	}
	resources := s.Resources
	if resources == nil {
		resources = []string{""}
	}
	records := make([]ledger.Step, len(resources))
	for i, resource := range resources {
		records[i] = ledger.Step{Operation: string(s.Operation), Resource: resource, Created: s.Effect == Creates}
	}
	return records
}

// once makes one call of op.
func once(op iot.Operation, f func(ctx context.Context) error) func(*call.Caller) (call.Result, error) {
	return func(c *call.Caller) (call.Result, error) { return c.Do(op, f) }
}

// untilFound makes a call that depends on something that was created a moment ago.
func untilFound(op iot.Operation, f func(ctx context.Context) error) func(*call.Caller) (call.Result, error) {
	return func(c *call.Caller) (call.Result, error) { return c.DoUntilFound(op, f) }
}

// toTheEnd reads all pages of a list. If the subject does not exist the list is empty.
func toTheEnd(
	op iot.Operation, all *[]string, page func(ctx context.Context, token string) ([]string, string, error),
) func(*call.Caller) (call.Result, error) {
	return func(c *call.Caller) (total call.Result, err error) {
		*all = nil
		for token := ""; ; {
			var lines []string
			var next string
			result, err := c.Do(op, func(ctx context.Context) (err error) {
				lines, next, err = page(ctx, token)
				return err
			})
			total.Add(result)
			switch {
			case iot.ClassOf(err) == iot.ClassNotFound:
				*all = nil
				return total, nil
			case err != nil:
				return total, err
			}
			*all = append(*all, lines...)
			if token = next; token == "" {
				return total, nil
			}
		}
	}
}
