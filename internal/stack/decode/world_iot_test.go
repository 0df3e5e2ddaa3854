package decode

import (
	"context"
	"errors"
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
)

// iot is an account that has some policies.
type account struct{ w *world }

func (i account) AWS() iot.AWS { return iot.AWS{Checks: checks{w: i.w}} }
func (i account) AppliedQuotas(context.Context) (map[string]float64, error) {
	if i.w.applied == nil {
		return nil, errors.New("not allowed")
	}
	return i.w.applied, nil
}

type checks struct {
	iot.Checks
	w *world
}

func (c checks) GetPolicy(_ context.Context, name string) (iot.Policy, error) {
	if slices.Contains(c.w.policies, name) {
		return iot.Policy{Name: name}, nil
	}
	return iot.Policy{}, &iot.APIError{Operation: "GetPolicy", Code: "ResourceNotFoundException", Class: iot.ClassNotFound}
}
