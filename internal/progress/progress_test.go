package progress_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/progress"
)

func TestStatusLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status progress.Status
		want   string
	}{
		"unknown total": {progress.Status{Phase: "checking", Done: 1234567}, "checking 1,234,567"},
		"everything": {
			progress.Status{
				Phase: "importing", Done: 250, Total: 1000, Rate: 9.87, Ceiling: 10, Failed: 1, Rejected: 2,
				Binding: "RegisterCertificateWithoutCA",
			},
			"importing 250/1,000 (25%), 9.9/s of 10.0, 1m16s left, 1 failed, 2 rejected, bound by RegisterCertificateWithoutCA",
		},
		"paused": {progress.Status{Phase: "importing", Done: 1, Total: 2, Note: "paused"}, "importing 1/2 (50%), paused"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.status.String(); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 45 * time.Second: "45s", 200 * time.Second: "3m20s",
		125 * time.Minute: "2h05m", 76 * time.Hour: "3d04h",
	} {
		if got := progress.Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestLinesComeEveryTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := progress.New(&out, progress.Lines, nil)
		for i := range int64(25) {
			p.Update(progress.Status{Phase: "importing", Done: i, Total: 100})
			time.Sleep(time.Second) // simulated
		}
		p.Close()
		if got := strings.Count(out.String(), "\n"); got != 2 {
			t.Errorf("%d lines in 25 s:\n%s", got, out.String())
		}
	})
}

func TestLiveLineIsCutAndTakenAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := progress.New(&out, progress.Live, func() int { return 20 })
		p.Update(progress.Status{Phase: "importing", Done: 1, Total: 2, Note: "something very long indeed"})
		time.Sleep(time.Second) // simulated
		synctest.Wait()
		p.Note("kept")
		p.Close()
		lines := strings.Split(out.String(), "\r")
		if got := strings.TrimSuffix(lines[1], "\x1b[K"); len([]rune(got)) > 19 {
			t.Errorf("a line of %d runes wraps at 20 columns: %q", len([]rune(got)), got)
		}
		if !strings.Contains(out.String(), "\r\x1b[Kkept\n") || !strings.HasSuffix(out.String(), "\r\x1b[K") {
			t.Errorf("the live line was not removed: %q", out.String())
		}
	})
}

func TestQuietPrintsNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := progress.New(&out, progress.Quiet, nil)
	p.Update(progress.Status{Phase: "importing"})
	p.Note("x")
	p.Close()
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}
