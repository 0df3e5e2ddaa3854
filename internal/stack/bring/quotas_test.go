package bring_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack/bring"
)

func TestLimitersLiveAsLongAsTheQuotasStayTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		defaults, err := quota.Resolve(quota.Sources{})
		if err != nil {
			t.Fatal(err)
		}
		code := defaults.Quota(iot.CreateThing).Code
		applied, reads := map[string]float64{code: 200}, 0
		var failing error
		q := &bring.Quotas{
			Applied: func(context.Context) (map[string]float64, error) { reads++; return applied, failing },
			Share:   0.5, Sharers: 4, Log: slog.New(slog.DiscardHandler),
		}
		first := q.Limiters(t.Context())
		mustBe(t, "share of the applied quota", first.Set().TPS(iot.CreateThing), 100)
		if rate, whole := first.Limiter(iot.CreateThing).Rate(), 100*quota.Margin; rate < whole/4-1 || rate > whole/4+1 {
			t.Errorf("an instance of four starts at %g of %g", rate, whole)
		}
		time.Sleep(59 * time.Minute)
		if q.Limiters(t.Context()) != first || reads != 1 {
			t.Errorf("read %d times within an hour", reads)
		}
		time.Sleep(2 * time.Minute)
		if q.Limiters(t.Context()) != first || reads != 2 {
			t.Error("what limiters learned is lost, though the quotas are the same")
		}
		applied = map[string]float64{code: 400}
		time.Sleep(2 * time.Hour)
		raised := q.Limiters(t.Context())
		mustBe(t, "raised quota", raised.Set().TPS(iot.CreateThing), 200)
		failing = errors.New("denied")
		time.Sleep(2 * time.Hour)
		if q.Limiters(t.Context()) != raised {
			t.Error("quotas that could be read before are forgotten")
		}
		read := reads
		time.Sleep(6 * time.Minute)
		q.Limiters(t.Context())
		mustBe(t, "read again soon after a failure", reads, read+1)
	})
}

func TestTheDefaultsHoldWhereQuotasCannotBeRead(t *testing.T) {
	t.Parallel()
	q := &bring.Quotas{
		Applied: func(context.Context) (map[string]float64, error) { return nil, errors.New("denied") },
		Share:   1, Sharers: 2, Log: slog.New(slog.DiscardHandler),
	}
	defaults, err := quota.Resolve(quota.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	mustBe(t, "TPS", q.Limiters(t.Context()).Set().TPS(iot.RegisterCertificateWithoutCA), defaults.TPS(iot.RegisterCertificateWithoutCA))
}
