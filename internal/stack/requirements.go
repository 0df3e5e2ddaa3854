package stack

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// An UnmetError is returned for a stack that would stop every import.
type UnmetError struct {
	// Problem is what is wrong, Todo what to do about it.
	Problem, Todo string
}

// Error returns the problem and what to do about it.
func (e *UnmetError) Error() string { return e.Problem + ": " + e.Todo }

// CheckRequirements checks what every import of a stack needs: the attachments must exist,
// and the quotas must be enough for the number of importers. The deployment makes the same
// checks as the decoder. Without a policy the devices cannot connect, which the report says
// and which is not an error.
//
// The error is an *[UnmetError], or one of [device.CheckAttachments] if AWS IoT gives no answer.
func CheckRequirements(
	ctx context.Context, aws iot.AWS, quotas quota.Set, importers int, a device.Attachments,
) (*device.AttachmentReport, error) {
	if err := checkImporters(quotas, importers, a); err != nil {
		return nil, err
	}
	report, err := device.CheckAttachments(ctx, aws, quota.NewLimiters(quotas, quota.Options{}), a)
	if unmet := Unmet(err); unmet != nil {
		return nil, unmet
	}
	return report, err
}

// Unmet returns what is wrong with attachments, and nil for an error that is no *[device.AttachmentError].
func Unmet(err error) *UnmetError {
	var wrong *device.AttachmentError
	if !errors.As(err, &wrong) {
		return nil
	}
	problems, todos := make([]string, len(wrong.Findings)), make([]string, len(wrong.Findings))
	for i, f := range wrong.Findings {
		problems[i], todos[i] = f.String(), advice.Attachment(f, advice.Stack, "").Todo
	}
	if len(problems) > 1 { // then each problem needs its own advice
		for i := range problems {
			problems[i] += " (" + todos[i] + ")"
		}
		todos = []string{"correct them"}
	}
	return &UnmetError{Problem: "attachments: " + strings.Join(problems, "; "), Todo: todos[0]}
}

// checkImporters returns an error if there are more importers than calls per second of the
// limiting operation, because each importer needs at least one of them.
func checkImporters(quotas quota.Set, importers int, a device.Attachments) error {
	_, binding := quota.Ceiling(quotas, quota.FreshPath(quotas, len(a.Policies), len(a.ThingGroups)))
	tps := quotas.TPS(binding)
	const rounding = 1e-9 // 0.57 × 100 is a little less than 57
	if binding == "" || float64(importers) <= tps*(1+rounding) {
		return nil
	}
	const least = 2 // of an SQS event source (Lambda, ScalingConfig)
	limit := quotas.Quota(binding)
	var todo []string
	if tps >= least {
		todo = append(todo, fmt.Sprintf("set MaxConcurrency to %.0f or less", math.Floor(tps)))
	}
	// Rounded up, so that the share is enough when it is pasted.
	if share := math.Ceil(100*float64(importers)/limit.TPS) / 100; share <= 1 {
		todo = append(todo, fmt.Sprintf("raise QuotaShare to %g", share))
	}
	return &UnmetError{
		Problem: fmt.Sprintf("parameter MaxConcurrency is %d, but %s, the operation that limits the rate, may be called only "+
			"%.4g times a second (quota %g × QuotaShare %g), and each importer needs one of them",
			importers, binding, tps, limit.TPS, quotas.Share()),
		Todo: strings.Join(append(todo, "ask AWS for a higher quota ("+limit.Code+")"), ", or "),
	}
}
