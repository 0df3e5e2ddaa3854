package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
)

// prepareTimeout is enough for some dozen calls, even if they are throttled.
const prepareTimeout = time.Minute

// prepare reads the settings of an import, and checks its requirements before anything
// of the manifest is read: the attachments must exist, and the quotas must be enough for the
// number of importers. Its error is a *stopError or a fault; if AWS does not answer,
// the job is tried again later.
func (w *worker) prepare(ctx context.Context) error {
	limited, end := context.WithTimeout(w.soft, prepareTimeout)
	defer end()
	if stack.Provisional(w.job.Settings) {
		if err := w.readSettings(limited); err != nil {
			return err
		}
	}
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
	report, err := stack.CheckRequirements(limited, iot.AWS(), quotas, w.h.Stack.MaxConcurrency, w.settings.Attachments)
	var unmet *stack.UnmetError
	switch {
	case errors.As(err, &unmet):
		return &stopError{unmet}
	case err != nil:
		return fmt.Errorf("check attachments: %w", err)
	}
	attach := w.settings.Attachments
	ceiling, _ := quota.Ceiling(quotas, quota.FreshPath(quotas, len(attach.Policies), len(attach.ThingGroups)))
	w.progress.Ceiling = min(ceiling, mostCeiling) // it is infinite if no quota limits it
	if !report.Connectable {
		w.log.WarnContext(ctx, "no policy in IoTPolicies or on the thing groups: these devices cannot connect")
	}
	return nil
}
