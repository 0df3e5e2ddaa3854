package quotas

import (
	"context"
	"errors"
	"fmt"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// A requestLine is a filed request as JSON.
type requestLine struct {
	Type      string  `json:"type"`
	Operation string  `json:"operation"`
	Code      string  `json:"quota_code"`
	Value     float64 `json:"value"`
	ID        string  `json:"request_id"`
}

// requestQuotas requests the quotas that are too low, after asking. If AWS refuses a
// request, as it does while an earlier one is open, the others are still filed.
func requestQuotas(ctx context.Context, o options, connection *target.Connection, tooLow []row, streams terminal.Streams) error {
	var adjustable []row
	var failed []error
	for _, r := range tooLow {
		if r.Adjustable {
			adjustable = append(adjustable, r)
		} else {
			failed = append(failed, fmt.Errorf("%s (%s) cannot be raised through Service Quotas", r.Operation, r.Code))
		}
	}
	if len(adjustable) > 0 && !o.yes {
		if !streams.Confirm(fmt.Sprintf("file %s for %s?", progress.Plural(len(adjustable), "request", "requests"), connection)) {
			return exit.NotConfirmed("nothing was requested")
		}
	}
	for _, r := range adjustable {
		id, err := connection.Client.RequestQuota(ctx, r.Code, *r.Request)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch {
		case err != nil:
		case o.output == terminal.JSON:
			err = streams.PrintJSON(requestLine{"request", r.Operation, r.Code, *r.Request, id})
		default:
			_, err = plain.Fprintf(streams.Out, "requested %s/s of %s (%s): request %s\n", number(r.Request), r.Operation, r.Code, id)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return exit.WithHint(errors.Join(failed...),
			"list open requests with 'aws service-quotas list-requested-service-quota-change-history --service-code iotcore'")
	}
	return nil
}
