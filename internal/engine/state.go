package engine

import (
	"context"
	"errors"

	"github.com/thingpress/thingpress/internal/device"
)

// ReadState reads everything that the registry holds of the first device of a fleet, and returns how it
// differs from what was wanted. Its errors are those of [Verify], or a *[device.FailedError].
func ReadState(ctx context.Context, config Config, fleet *Fleet) (device.State, []device.Drift, error) {
	config.Settings = fleet.Settings
	s := config.open(ctx)
	defer s.close()
	for t, err := range fleet.tasks(ctx) {
		if err != nil {
			return device.State{}, nil, err
		}
		runner := &device.Runner{Caller: s.caller, Pool: s.pool}
		state, drift, err := device.NewVerifier(s.account).State(s.subject(t), runner.Do)
		if err != nil && ctx.Err() != nil {
			err = compareError(ctx, s)
		}
		return state, drift, err
	}
	return device.State{}, nil, errors.New("there is no device")
}
