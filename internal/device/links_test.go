package device

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// flakyLinks fails transiently at first. Only its V2 operation returns how a certificate is attached.
type flakyLinks struct {
	iot.Principals
	failures int
}

func (f *flakyLinks) ListThingPrincipals(context.Context, string, string) ([]iot.Link, string, error) {
	return []iot.Link{{Name: "arn"}}, "", nil
}

func (f *flakyLinks) ListThingPrincipalsV2(context.Context, string, string) ([]iot.Link, string, error) {
	if f.failures > 0 {
		f.failures--
		return nil, "", &iot.APIError{Operation: "ListThingPrincipalsV2", Class: iot.ClassTransient, Err: errors.New("reset")}
	}
	return []iot.Link{{Name: "arn", Type: nonExclusiveThing}}, "", nil
}

// The first operations do not return the kind of an attachment, so a certificate that is not
// attached exclusively would count as unchanged.
func TestExclusiveLinksAreOnlyReadWithTheirKind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiters := quota.NewLimiters(quota.Set{}, quota.Options{})
		caller := call.New(call.Options{Limiters: limiters, Lifetimes: call.Lifetimes{Begin: t.Context(), Flight: t.Context()}})
		links := NewLinks(&flakyLinks{failures: deadAfter + 2}, limiters, true)
		got, _, err := links.read(caller, ofThing, "thing")
		if err != nil || len(got) != 1 || got[0].Type != nonExclusiveThing {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
