package decode

import (
	"errors"
	"fmt"

	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// variants judges what entries ask for their own devices, and looks up each name that they ask for once.
type variants struct {
	worker  *worker
	things  func(*manifest.Device) (iot.Thing, error)
	checker *program.Checker // nil until an entry asks for something
	// failed is a *stopError or a fault that keeps entries from being judged.
	failed error
}

func newVariants(w *worker) *variants {
	v := &variants{worker: w}
	settings := w.settings
	settings.CheckVariant = v.check
	v.things = engine.Things(settings)
	return v
}

// thing returns the thing that a device is to become. Its error rejects the entry, unless failed is set.
func (v *variants) thing(d *manifest.Device) (iot.Thing, error) {
	if err := v.worker.allowed.Check(d.Settings, v.worker.settings); err != nil {
		return iot.Thing{}, err
	}
	return v.things(d)
}

// check checks one combination of attachments. Thing groups of one hierarchy reject the entries that ask for
// both. What does not exist would stop every device, so it ends the import.
func (v *variants) check(a program.Attachments) error {
	if v.failed != nil {
		return v.failed
	}
	if v.checker == nil {
		if v.checker, v.failed = v.worker.newChecker(); v.failed != nil {
			return v.failed
		}
	}
	_, err := v.checker.Check(a)
	var wrong *program.AttachmentError
	if errors.As(err, &wrong) {
		for _, f := range wrong.Findings {
			if f.Code == program.FindingSameHierarchy {
				return manifest.Errorf(manifest.ReasonBadSettings, "%s", f.String())
			}
		}
	}
	switch unmet := stack.Unmet(err); {
	case unmet != nil:
		v.failed = &stopError{fmt.Errorf("entries ask for what cannot be attached: %w", unmet)}
	case err != nil:
		v.failed = fmt.Errorf("check what entries ask for: %w", err)
	}
	return v.failed
}

func (w *worker) newChecker() (*program.Checker, error) {
	client, err := w.h.OpenIoT(w.soft)
	if err != nil {
		return nil, err
	}
	quotas, err := quota.Resolve(quota.Sources{Share: w.h.Stack.Share})
	if err != nil {
		return nil, err
	}
	return program.NewChecker(w.soft, client.AWS(), quota.NewLimiters(quotas, quota.Options{})), nil
}
