package decode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/quota"
)

// prepareTimeout is enough for some dozen calls, even if they are throttled.
const prepareTimeout = time.Minute

// prepare checks the requirements of an import before anything is read: the
// attachments must exist, and the quotas must be enough for the number of importers.
// Its error is a *stopError or a fault; if AWS IoT does not answer, the job is tried
// again later.
func (w *worker) prepare(ctx context.Context) error {
	limited, end := context.WithTimeout(w.soft, prepareTimeout)
	defer end()
	iot, err := w.h.OpenIoT(ctx)
	if err != nil {
		return err
	}
	applied, err := iot.AppliedQuotas(limited)
	if err != nil {
		// The role may lack the permission; then the importers use the defaults as
		// well.
		w.log.WarnContext(ctx, "quotas of the account could not be read; using the defaults", "error", err.Error())
		applied = nil
	}
	quotas, err := quota.Resolve(quota.Sources{Applied: applied, Share: w.h.Stack.Share})
	if err != nil {
		return err
	}
	if err := w.checkConcurrency(quotas); err != nil {
		return err
	}
	report, err := device.CheckAttachments(limited, iot.AWS(), quota.NewLimiters(quotas, quota.Options{}), w.settings.Attachments)
	var wrong *device.AttachmentError
	switch {
	case errors.As(err, &wrong):
		return &stopError{errors.New(attachmentText(wrong))}
	case err != nil:
		return fmt.Errorf("check attachments: %w", err)
	}
	if !report.Connectable {
		w.log.WarnContext(ctx, "no policy in IoTPolicies or on the thing groups: these devices cannot connect")
	}
	return nil
}

// attachmentText returns what is wrong and what to do.
func attachmentText(e *device.AttachmentError) string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String() + " (" + advice.Attachment(f, advice.Stack).Todo + ")"
	}
	return "attachments: " + strings.Join(lines, "; ") + "; then upload the manifest again"
}

// checkConcurrency returns an error if there are more importers than calls per second
// of the limiting operation: each importer needs at least one call per second.
func (w *worker) checkConcurrency(quotas quota.Set) error {
	attach := w.settings.Attachments
	_, binding := quota.Ceiling(quotas, quota.FreshPath(quotas, len(attach.Policies), len(attach.ThingGroups)))
	tps := quotas.TPS(binding)
	if binding == "" || float64(w.h.Stack.MaxConcurrency) <= tps {
		return nil
	}
	const least = 2 // of an SQS event source
	advice := fmt.Sprintf("set MaxConcurrency to %.0f or less, ", math.Floor(tps))
	if tps < least {
		advice = ""
	}
	return stopf("parameter MaxConcurrency is %d, but the operation that limits the rate, %s, may be called only %g times a second "+
		"(quota %g × QuotaShare %g), and each importer needs one of them: %sraise QuotaShare, or ask AWS for a higher quota (%s); "+
		"then upload the manifest again",
		w.h.Stack.MaxConcurrency, binding, tps, quotas.Quota(binding).TPS, quotas.Share(), advice, quotas.Quota(binding).Code)
}
