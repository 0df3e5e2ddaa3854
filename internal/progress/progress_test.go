package progress_test

import (
	"regexp"
	"slices"
	"strconv"
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
		p := progress.New(&out, progress.Options{Mode: progress.Lines})
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

// screen interprets what a printer wrote on a terminal, and returns its lines.
func screen(t *testing.T, written string) []string {
	t.Helper()
	sequence := regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)
	lines, row := []string{""}, 0
	for written != "" {
		skip := 1
		found := sequence.FindStringSubmatch(written)
		switch {
		case found != nil:
			skip = len(found[0])
			switch number, action := found[1], found[2]; action {
			case "A":
				up, err := strconv.Atoi(number)
				if row -= up; err != nil || row < 0 {
					t.Fatalf("the cursor leaves the screen by %q", found[0])
				}
			case "J":
				lines = append(lines[:row], "")
			case "K", "m":
			default:
				t.Fatalf("unexpected %q", found[0])
			}
		case written[0] == '\r':
			lines[row] = ""
		case written[0] == '\n':
			if row++; row == len(lines) {
				lines = append(lines, "")
			}
			lines[row] = ""
		default:
			lines[row] += written[:1]
		}
		written = written[skip:]
	}
	return lines
}

func TestLiveLinesFitAndAreRedrawn(t *testing.T) {
	t.Parallel()
	status := progress.Status{
		Phase: "importing", Done: 1204, Total: 3000, Rate: 9.9, Estimate: 3*time.Minute + time.Second, Ceiling: 10,
		Binding: "RegisterCertificateWithoutCA", Imported: 1190, Failed: 2, Rejected: 12, Throttled: 31,
	}
	for width, want := range map[int][]string{
		100: {
			"importing  ██████████████░░░░░░░░░░░░░░░░░░░░░░  1,204 of 3,000  40%  9.9/s  3m01s left  ends 00:03",
			"1,190 imported, 2 failed, 12 rejected",
			"RegisterCertificateWithoutCA allows 10.0/s, AWS throttled 31 calls",
		},
		80: {
			"importing  ██████░░░░░░░░░░  1,204 of 3,000  40%  9.9/s  3m01s left  ends 00:03",
			"1,190 imported, 2 failed, 12 rejected",
			"RegisterCertificateWithoutCA allows 10.0/s, AWS throttled 31 calls",
		},
		60: {
			"importing  1,204 of 3,000  40%  9.9/s  3m01s left",
			"1,190 imported, 2 failed, 12 rejected",
			"RegisterCertificateWithoutCA allows 10.0/s, AWS throttled …",
		},
		20: {"importing  1,204 o…", "1,190 imported, 2 …", "RegisterCertificat…"},
	} {
		for _, colours := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				want := slices.Clone(want)
				want[0] = strings.Replace(want[0], "00:03", time.Now().Add(3*time.Minute).Format("15:04"), 1) // in any time zone
				p := progress.New(&out, progress.Options{Mode: progress.Live, Width: func() int { return width }, Colours: colours})
				defer p.Close()
				for range 3 {
					p.Update(status)
					time.Sleep(time.Second) // simulated
				}
				p.Note("kept")
				synctest.Wait()
				got := screen(t, out.String())
				if !slices.Equal(got, append([]string{"kept"}, want...)) {
					t.Errorf("%d columns:\n%s", width, strings.Join(got, "\n"))
				}
				p.Close()
				if got := screen(t, out.String()); !slices.Equal(got, []string{"kept", ""}) {
					t.Errorf("%d columns, left behind: %q", width, got)
				}
				if colours != strings.Contains(out.String(), "\x1b[32m") && width > 60 {
					t.Errorf("colours %v: %q", colours, out.String())
				}
			})
		}
	}
}

func TestQuietPrintsNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := progress.New(&out, progress.Options{})
	p.Update(progress.Status{Phase: "importing"})
	p.Note("x")
	p.Close()
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}
