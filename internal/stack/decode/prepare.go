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

// prepareTimeout is for some dozen calls, throttled ones included.
const prepareTimeout = time.Minute

// prepare looks at what an import needs before it reads anything: that what
// devices are to be attached to exists, and that the importers are not more
// than the quotas feed. Its errors are a *stopError or a fault: an AWS IoT that
// does not answer is waited for by being asked again later.
func (w *worker) prepare(ctx context.Context) error {
	limited, end := context.WithTimeout(w.soft, prepareTimeout)
	defer end()
	iot, err := w.h.OpenIoT(ctx)
	if err != nil {
		return err
	}
	applied, err := iot.AppliedQuotas(limited)
	if err != nil {
		// The role may not be allowed to read them; the importers go by the defaults then as well.
		w.log.WarnContext(ctx, "quotas of the account cannot be read, the defaults are taken", "error", err.Error())
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
		return fmt.Errorf("check of attachments: %w", err)
	}
	if !report.Connectable {
		w.log.WarnContext(ctx, "no policy, neither in IoTPolicies nor on the thing groups: these devices will not be able to connect")
	}
	return nil
}

// attachmentText tells what is wrong and what to do.
func attachmentText(e *device.AttachmentError) string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String() + " (" + advice.Attachment(f, advice.Stack).Todo + ")"
	}
	return "attachments: " + strings.Join(lines, "; ") + "; put it right and upload the manifest again"
}

// checkConcurrency refuses more importers than there are calls a second of the
// operation that binds: each would begin below one call a second.
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
	return stopf("parameter MaxConcurrency is %d, but %s, the operation whose quota binds, may be called %g times a second "+
		"(quota %g × QuotaShare %g), and each importer needs one of them: %sraise QuotaShare, or ask AWS for a higher quota (%s); "+
		"then upload the manifest again",
		w.h.Stack.MaxConcurrency, binding, tps, quotas.Quota(binding).TPS, quotas.Share(), advice, quotas.Quota(binding).Code)
}
