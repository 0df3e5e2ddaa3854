package engine

import (
	"math"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// The bound is 1 - 0.05^(1/n) if none is wrong, and 0.95^(1/n) if all but one are.
func TestUpperBoundIsThatOfClopperAndPearson(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sample, wrong int
		want          float64
	}{
		{SampleSize, 0, 0.000_999_8},
		{100, 0, 0.029_513},
		{100, 3, 0.075_713},
		{10, 9, 0.994_884},
		{10, 10, 1},
		{0, 0, 1},
	} {
		if got := UpperBound(test.sample, test.wrong); math.Abs(got-test.want) > 1e-5 {
			t.Errorf("%d of %d: %.6f, want %.6f", test.wrong, test.sample, got, test.want)
		}
	}
	if UpperBound(SampleSize-1, 0) < 0.001 {
		t.Error("a smaller sample would do")
	}
}

func TestSampleHasTheSizeAndIsNotAlwaysTheSame(t *testing.T) {
	t.Parallel()
	first, second := sampleOf(10_000, 100), sampleOf(10_000, 100)
	same := 0
	for at := range first {
		if at < 0 || at >= 10_000 {
			t.Errorf("position %d", at)
		}
		if second[at] {
			same++
		}
	}
	if len(first) != 100 || len(second) != 100 || same > 50 {
		t.Errorf("%d, %d, %d in both", len(first), len(second), same)
	}
	if whole := sampleOf(5, 5); len(whole) != 5 {
		t.Errorf("%v", whole)
	}
}

// Reading a list of an account of any size must take less than twice as long as the faster way.
func TestStintIsNeverMuchLongerThanTheFasterWay(t *testing.T) {
	t.Parallel()
	set, err := quota.Resolve(quota.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	const devices = 100_000
	for _, ops := range [][2]iot.Operation{
		{iot.ListCertificates, iot.DescribeCertificate}, {iot.ListThings, iot.DescribeThing},
	} {
		for _, times := range []int{1, 5, 20, 400} {
			for name, shows := range map[string]func(page int) int{
				"mixed": func(page int) int { return quota.PageSize*(page+1)/times - quota.PageSize*page/times },
				"at the end": func(page int) int {
					if page >= devices*(times-1)/quota.PageSize {
						return quota.PageSize
					}
					return 0
				},
				"at first": func(page int) int {
					if page < devices/quota.PageSize {
						return quota.PageSize
					}
					return 0
				},
			} {
				p := newStint(set, ops[0], ops[1], devices)
				pages := devices * times / quota.PageSize
				page := 0
				for page < pages && p.turn(shows(page)) {
					page++
				}
				if page == pages {
					p.unseen = 0
				}
				took := p.spent + float64(max(p.unseen, 0))*p.single
				fastest := math.Min(float64(pages)*p.page, devices*p.single)
				if took > 2*fastest+1 {
					t.Errorf("%s, account of %d times, %s: %.0f s instead of %.0f s", ops[0], times, name, took, fastest)
				}
			}
		}
	}
}
