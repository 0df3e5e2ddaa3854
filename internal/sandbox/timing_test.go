package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

func TestQuotaIsOneSecondOfCallsAndRefillsEvenly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Quotas: map[string]float64{"CreateThing": 15}})
		c := direct(s)
		n := 0
		burst := func() (taken int) {
			for {
				n++
				_, err := c.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: aws.String(fmt.Sprint("t", n))})
				switch codeOf(err) {
				case "":
					taken++
				case "ThrottlingException":
					return taken
				default:
					t.Fatal(err)
				}
			}
		}
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 15}, {time.Second / 15, 1}, {time.Second / 30, 0}, {time.Second / 30, 1}, {time.Second, 15}, {time.Hour, 15}} {
			time.Sleep(step.after)
			if got := burst(); got != step.want {
				t.Errorf("%d calls accepted after another %s, want %d", got, step.after, step.want)
			}
		}
		if things := len(s.State().Things); things != 47 {
			t.Errorf("%d things, want 47: a refused call took effect", things)
		}
		if s.Throttled() != 6 || s.Calls()["CreateThing"] != 53 || s.Created()["CreateThing"] != 47 {
			t.Errorf("throttled %d, called %d, created %d; want 6, 53, 47", s.Throttled(), s.Calls()["CreateThing"], s.Created()["CreateThing"])
		}
	})
}

func TestQuotasCanBeSetWhileRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		c := direct(s)
		call := func() string {
			_, err := c.DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{})
			return codeOf(err)
		}
		s.SetQuota("DescribeEndpoint", 0.5)
		if first, second := call(), call(); first != "" || second != "ThrottlingException" {
			t.Errorf("at 0.5 a second: %q, %q", first, second)
		}
		time.Sleep(2 * time.Second)
		if got := call(); got != "" {
			t.Errorf("after two seconds at 0.5: %q", got)
		}
		s.SetQuota("DescribeEndpoint", 0)
		if got := call(); got != "" {
			t.Errorf("without a quota: %q", got)
		}
	})
}

// The quota on registrations applies in addition to the operation's own. A call that it refuses
// uses up neither.
func TestRegistrationsHaveAQuotaOfTheirOwn(t *testing.T) {
	t.Parallel()
	q := newQuotas(map[string]float64{RegistrationQuota: 2, "RegisterCertificateWithoutCA": 3})
	now := time.Now()
	taken := 0
	for range 10 {
		if q.take("RegisterCertificateWithoutCA", now) {
			taken++
		}
	}
	if tokens := q.buckets["RegisterCertificateWithoutCA"].tokens; taken != 2 || tokens != 1 {
		t.Errorf("%d accepted and %v left, want 2 and 1", taken, tokens)
	}
}

func TestLatencyIsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Latency: Latency{40 * time.Millisecond, 20 * time.Millisecond}})
		c := direct(s)
		low, high := time.Hour, time.Duration(0)
		for range 200 {
			start := time.Now()
			_ = must[*iot.DescribeEndpointOutput](t)(c.DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{}))
			took := time.Since(start)
			low, high = min(low, took), max(high, took)
		}
		if low < 20*time.Millisecond || low > 23*time.Millisecond || high > 60*time.Millisecond || high < 57*time.Millisecond {
			t.Errorf("latencies from %s to %s, want 20ms to 60ms", low, high)
		}
	})
}

// A caller that gives up immediately gets its own error. Its call takes effect all the same, as
// with AWS.
func TestCallOfACallerThatLeftTakesEffect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Latency: Latency{Mean: time.Minute}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := direct(s).CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("t")})
		if err == nil || time.Since(start) != time.Second {
			t.Errorf("%v after %s, want an error after 1s", err, time.Since(start))
		}
		if len(s.State().Things) != 1 {
			t.Error("the thing is missing")
		}
	})
}

// A client that keeps to the quota is never throttled, not even in half an hour.
func TestSteadyClientIsNotThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Quotas: map[string]float64{"DescribeEndpoint": 10}, Latency: Latency{Mean: 30 * time.Millisecond}})
		transport := Transport(s)
		for range 18_000 {
			start := time.Now()
			if code := bare(t, transport, http.MethodGet, "/endpoint", ""); code != "" {
				t.Fatalf("%s at %d", code, s.Calls()["DescribeEndpoint"])
			}
			time.Sleep(100*time.Millisecond - time.Since(start))
		}
	})
}

func TestListsLagBehindByTheTimeAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		c, ctx := direct(s), t.Context()
		if _, err := s.Ensure([]string{"p"}, "", []string{"g"}, ""); err != nil {
			t.Fatal(err)
		}
		s.SetFaults(Faults{Stale: 2 * time.Second})
		_, arn := register(t, c, types.CertificateStatusActive)
		_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("t")}))
		attach := func() {
			_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx,
				&iot.AttachThingPrincipalInput{ThingName: aws.String("t"), Principal: &arn}))
			_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: aws.String("p"), Target: &arn}))
			_ = must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx,
				&iot.AddThingToThingGroupInput{ThingName: aws.String("t"), ThingGroupName: aws.String("g")}))
		}
		detach := func() {
			_ = must[*iot.DetachThingPrincipalOutput](t)(c.DetachThingPrincipal(ctx,
				&iot.DetachThingPrincipalInput{ThingName: aws.String("t"), Principal: &arn}))
			_ = must[*iot.DetachPolicyOutput](t)(c.DetachPolicy(ctx, &iot.DetachPolicyInput{PolicyName: aws.String("p"), Target: &arn}))
			_ = must[*iot.RemoveThingFromThingGroupOutput](t)(c.RemoveThingFromThingGroup(ctx,
				&iot.RemoveThingFromThingGroupInput{ThingName: aws.String("t"), ThingGroupName: aws.String("g")}))
		}
		see := func(when string, objects, attachments int) {
			t.Helper()
			got := []int{
				len(must[*iot.ListCertificatesOutput](t)(c.ListCertificates(ctx, &iot.ListCertificatesInput{})).Certificates),
				len(must[*iot.ListThingsOutput](t)(c.ListThings(ctx, &iot.ListThingsInput{})).Things),
				len(must[*iot.ListThingPrincipalsOutput](t)(c.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{ThingName: aws.String("t")})).
					Principals),
				len(must[*iot.ListThingPrincipalsV2Output](t)(c.ListThingPrincipalsV2(
					ctx, &iot.ListThingPrincipalsV2Input{ThingName: aws.String("t")})).
					ThingPrincipalObjects),
				len(must[*iot.ListPrincipalThingsOutput](t)(c.ListPrincipalThings(ctx, &iot.ListPrincipalThingsInput{Principal: &arn})).Things),
				len(must[*iot.ListPrincipalThingsV2Output](t)(c.ListPrincipalThingsV2(ctx, &iot.ListPrincipalThingsV2Input{Principal: &arn})).
					PrincipalThingObjects),
				len(must[*iot.ListAttachedPoliciesOutput](t)(c.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{Target: &arn})).Policies),
				len(must[*iot.ListTargetsForPolicyOutput](t)(c.ListTargetsForPolicy(ctx, &iot.ListTargetsForPolicyInput{PolicyName: aws.String("p")})).
					Targets),
				len(must[*iot.ListThingGroupsForThingOutput](t)(c.ListThingGroupsForThing(ctx,
					&iot.ListThingGroupsForThingInput{ThingName: aws.String("t")})).ThingGroups),
				len(must[*iot.ListThingsInThingGroupOutput](t)(c.ListThingsInThingGroup(ctx,
					&iot.ListThingsInThingGroupInput{ThingGroupName: aws.String("g")})).Things),
			}
			for i, n := range got {
				want := attachments
				if i < 2 {
					want = objects
				}
				if n != want {
					t.Errorf("%s: list %d has %d, want %d", when, i, n, want)
				}
			}
		}
		attach()
		see("at once", 0, 0)
		time.Sleep(1900 * time.Millisecond)
		see("before two seconds", 0, 0)
		time.Sleep(100 * time.Millisecond)
		see("after two seconds", 1, 1)
		attach() // repetition adds nothing, whatever lists show
		detach()
		see("just detached", 1, 1)
		time.Sleep(time.Second)
		attach()
		see("attached again", 1, 1)
		time.Sleep(time.Second)
		see("when only the detaching is seen", 1, 0)
		time.Sleep(time.Second)
		see("when all is seen", 1, 1)
		if state := s.State(); len(state.Things["t"].Groups) != 1 {
			t.Errorf("state: %+v", state)
		}
	})
}
