package call_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// One answer that ended early must not stop an import. If all of them end early, the code in
// their headers has to do, or the import would never end.
func TestErrorThatEndsEarlyIsBelievedWhenItPersists(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cut, attempts int
		stops         bool
	}{
		"never whole":       {cut: 100, attempts: 12, stops: true},
		"whole at last":     {cut: 3, attempts: 4, stops: true},
		"accepted at last":  {cut: 3, attempts: 4},
		"whole immediately": {cut: 0, attempts: 1, stops: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				caller := call.New(call.Options{
					Limiters:  quota.NewLimiters(quota.Set{}, quota.Options{}),
					Lifetimes: call.Lifetimes{Begin: t.Context(), Flight: t.Context()},
				})
				attempts := 0
				_, err := caller.Do(iot.AttachPolicy, func(context.Context) error {
					attempts++
					if attempts > test.cut && !test.stops {
						return nil
					}
					return &iot.APIError{
						Operation: "AttachPolicy", Code: "AccessDeniedException", Class: iot.ClassImport, Cut: attempts <= test.cut,
					}
				})
				var stop *call.StopError
				if errors.As(err, &stop) != test.stops || stop != nil && stop.Code != call.StopDenied || attempts != test.attempts {
					t.Errorf("%v after %d attempts", err, attempts)
				}
			})
		})
	}
}
