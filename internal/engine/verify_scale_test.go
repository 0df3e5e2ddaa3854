package engine_test

import (
	"context"
	"encoding/binary"
	"iter"
	"os"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// An account is a registry of which every times-th certificate and thing is one of the devices. It
// computes its answers, so that it can be of any size, and takes 40 ms for each.
type account struct {
	iot.Certificates
	iot.Things
	iot.Principals
	iot.Policies
	iot.Groups
	iot.Checks
	devices, times int
	// gone is the first of the devices whose certificates are gone.
	gone int
	// killed is the first of the devices, up to gone, that a killed import only marked, and did not attach.
	killed int
}

const arnOfAccount = "arn:aws:iot:us-east-1:123456789012:cert/"

// certificateAt returns the ID of the certificate at a position of the account.
func certificateAt(at int) (id manifest.CertificateID) {
	binary.BigEndian.PutUint64(id[:], uint64(at)*0x9e3779b97f4a7c15)
	id[8] = 1 // the zero ID is none
	binary.BigEndian.PutUint64(id[24:], uint64(at))
	return id
}

func thingAt(at int) string { return "thing-" + strconv.Itoa(at) }

// pageAt returns the positions on a page of 250, and the token of the next one.
func (a account) pageAt(token string, every int) (positions []int, next string) {
	time.Sleep(40 * time.Millisecond)
	from, _ := strconv.Atoi(token)
	to := min(from+quota.PageSize*every, a.devices*a.times)
	for at := from; at < to; at += every {
		positions = append(positions, at)
	}
	if to < a.devices*a.times {
		next = strconv.Itoa(to)
	}
	return positions, next
}

func (a account) position(name string) int {
	at, _ := strconv.Atoi(name[len("thing-"):])
	return at
}

func positionOf(id string) int {
	at, _ := strconv.ParseInt(id[48:], 16, 64)
	return int(at)
}

func (a account) isGone(at int) bool { return a.gone > 0 && at/a.times >= a.gone }

func (a account) isKilled(at int) bool {
	return a.killed > 0 && at/a.times >= a.killed && !a.isGone(at)
}

func (a account) ListCertificates(_ context.Context, token string) (page []iot.Certificate, next string, _ error) {
	positions, next := a.pageAt(token, 1)
	for _, at := range positions {
		if !a.isGone(at) {
			id := certificateAt(at).String()
			page = append(page, iot.Certificate{ID: id, ARN: arnOfAccount + id, Status: iot.StatusActive})
		}
	}
	return page, next, nil
}

func (a account) DescribeCertificate(_ context.Context, id string) (iot.Certificate, error) {
	time.Sleep(40 * time.Millisecond)
	if a.isGone(positionOf(id)) {
		return iot.Certificate{}, &iot.APIError{Code: "ResourceNotFoundException", Class: iot.ClassNotFound}
	}
	return iot.Certificate{ID: id, ARN: arnOfAccount + id, Status: iot.StatusActive}, nil
}

func (a account) ListThings(_ context.Context, token string) (page []iot.Thing, next string, _ error) {
	positions, next := a.pageAt(token, 1)
	for _, at := range positions {
		page = append(page, iot.Thing{Name: thingAt(at), Type: "sensor"})
	}
	return page, next, nil
}

func (a account) DescribeThing(_ context.Context, name string) (iot.Thing, error) {
	time.Sleep(40 * time.Millisecond)
	return iot.Thing{Name: name, Type: "sensor"}, nil
}

func (a account) ListThingPrincipals(_ context.Context, thing, _ string) ([]iot.Link, string, error) {
	time.Sleep(40 * time.Millisecond)
	if a.isKilled(a.position(thing)) {
		return nil, "", nil
	}
	return []iot.Link{{Name: arnOfAccount + certificateAt(a.position(thing)).String()}}, "", nil
}

func (a account) ListThingPrincipalsV2(ctx context.Context, thing, token string) ([]iot.Link, string, error) {
	return a.ListThingPrincipals(ctx, thing, token)
}

func (a account) ListPrincipalThings(_ context.Context, arn, _ string) ([]iot.Link, string, error) {
	time.Sleep(40 * time.Millisecond)
	at := positionOf(arn[len(arnOfAccount):])
	if a.isKilled(at) {
		return nil, "", nil
	}
	return []iot.Link{{Name: thingAt(at)}}, "", nil
}

func (a account) ListPrincipalThingsV2(ctx context.Context, arn, token string) ([]iot.Link, string, error) {
	return a.ListPrincipalThings(ctx, arn, token)
}

func (a account) ListAttachedPolicies(_ context.Context, arn, _ string) ([]string, string, error) {
	time.Sleep(40 * time.Millisecond)
	if a.isGone(positionOf(arn[len(arnOfAccount):])) {
		return nil, "", nil
	}
	return []string{"connect"}, "", nil
}

func (a account) ListPolicies(context.Context, string) ([]string, string, error) {
	return []string{"connect"}, "", nil
}

// ListTargetsForPolicy returns the certificates of the whole account, which all have the same policy.
func (a account) ListTargetsForPolicy(_ context.Context, _, token string) (page []string, next string, _ error) {
	positions, next := a.pageAt(token, 1)
	for _, at := range positions {
		if !a.isGone(at) {
			page = append(page, arnOfAccount+certificateAt(at).String())
		}
	}
	return page, next, nil
}

func (a account) ListThingGroupsForThing(context.Context, string, string) ([]string, string, error) {
	time.Sleep(40 * time.Millisecond)
	return []string{"reel"}, "", nil
}

// ListThingsInThingGroup returns only the devices: the group is that of the reel.
func (a account) ListThingsInThingGroup(_ context.Context, _, token string) (page []string, next string, _ error) {
	positions, next := a.pageAt(token, a.times)
	for _, at := range positions {
		page = append(page, thingAt(at))
	}
	return page, next, nil
}

func (a account) ListThingsInBillingGroup(context.Context, string, string) ([]string, string, error) {
	return nil, "", nil
}

// verifyAccount verifies all devices of the account at the default quotas, in simulated time. It returns
// the memory per device after the devices have been read, in bytes.
func verifyAccount(t *testing.T, a account, full bool) (result engine.Verification, memory float64) {
	t.Helper()
	set, err := quota.Resolve(quota.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	settings := engine.Settings{Attachments: device.Attachments{
		Policies: []string{"connect"}, ThingGroups: []string{"reel"}, ThingType: "sensor",
	}}
	before := heap()
	fleet, err := engine.FleetOfSubjects(t.Context(), engine.Subjects{
		Manifests: []ledger.Manifest{{Name: "reel.csv", Vendor: "espressif", Entries: a.devices}},
		Identity:  func(string) string { return "mac" },
		All: func(context.Context) iter.Seq2[*engine.Subject, error] {
			return func(yield func(*engine.Subject, error) bool) {
				for i := range a.devices {
					place := ledger.Place{Entry: i}
					r := ledger.Record{
						Place: place, Outcome: ledger.Imported,
						ThingName: thingAt(i * a.times), CertificateID: certificateAt(i * a.times),
					}
					subject := &engine.Subject{Place: place, Record: r}
					if a.isKilled(i * a.times) {
						subject.Record.Outcome, subject.Marked = "", time.Now()
					}
					if !yield(subject, nil) {
						return
					}
				}
			}
		},
	}, settings)
	if err != nil {
		t.Fatal(err)
	}
	calls := iot.AWS{Certificates: a, Things: a, Principals: a, Policies: a, Groups: a, Checks: a}
	synctest.Test(t, func(t *testing.T) {
		peak := 0.0
		result, err = engine.Verify(t.Context(), engine.Config{
			Target: ledger.Target{Partition: "aws", Region: "us-east-1", Account: "123456789012"},
			AWS:    calls, Limiters: quota.NewLimiters(set, quota.Options{}),
			Events: func(e engine.Event) {
				if r, ok := e.(engine.Reading); ok && r.Done {
					peak = max(peak, heap())
				}
			},
		}, engine.Verifying{Fleet: fleet, Survey: a, Full: full})
		memory = (peak - before) / float64(a.devices)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d, full %v: %v, %.0f bytes a device; whole %06b, sample %d; %v",
		a.devices, a.devices*a.times, full, result.Took, memory, result.Whole, result.Sample, result.Made)
	return result, memory
}

// heap returns the live memory in bytes.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// scale is the number of devices in tests of the time that a verification takes. `make test-scale` sets
// it to a million.
func scale() int {
	n, err := strconv.Atoi(os.Getenv("THINGPRESS_SCALE"))
	if err != nil {
		return 10_000
	}
	return n
}

// A verification that takes hours is not made.
func TestSampledVerifyOfAMillionDevicesTakesLessThanEightMinutes(t *testing.T) {
	for _, times := range []int{1, 20} {
		a := account{devices: scale(), times: times}
		result, memory := verifyAccount(t, a, false)
		if result.Drifted != 0 || result.Took > 8*time.Minute {
			t.Errorf("account of %d times as many devices: %v, %+v", times, result.Took, result)
		}
		if memory > 64 && scale() >= 100_000 {
			t.Errorf("%.0f bytes a device", memory)
		}
	}
}

func TestFullVerifyOfAMillionDevicesTakesSevenHours(t *testing.T) {
	for _, times := range []int{1, 20} {
		a := account{devices: scale(), times: times}
		result, _ := verifyAccount(t, a, true)
		most := time.Duration(7 * float64(time.Hour) * float64(a.devices) / 1e6)
		if result.Drifted != 0 || result.Took > max(most, 15*time.Minute) {
			t.Errorf("account of %d times as many devices: %v, %+v", times, result.Took, result)
		}
		if result.Whole != device.PartAll || result.Sample != a.devices {
			t.Errorf("%+v", result)
		}
	}
}

// Looking up each of many certificates that are gone would take a tenth of a second each.
func TestListsAreBelievedAfterManyLookUps(t *testing.T) {
	a := account{devices: 10_000, times: 1, gone: 4000}
	result, _ := verifyAccount(t, a, false)
	if result.Drifted != 6000 || result.Took > 10*time.Minute {
		t.Errorf("%v: %+v", result.Took, result)
	}
	// What is missing because the certificate is gone is not drift of its own, whichever part noticed it.
	if len(result.Findings) != 1 || result.Findings[0].Reason != string(device.DriftCertificateGone) {
		t.Errorf("%+v", result.Findings)
	}
}
