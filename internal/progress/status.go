// Package progress shows the progress of a long command: up to three live lines on a terminal, a
// plain line every ten seconds elsewhere, events for machines, or nothing.
package progress

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Status is the progress of a long command at one moment.
type Status struct {
	// Phase is what the command is doing, such as "checking" or "importing".
	Phase string
	// Done and Total are numbers of entries; a Total of 0 is not known yet.
	Done, Total int64
	// Rate is in devices per second; 0 if not known yet.
	Rate float64
	// Estimate is the remaining time, if the sender knows better than the latest rate tells.
	Estimate time.Duration
	// Ceiling is the rate that the quotas allow; 0 if there is no limit.
	Ceiling float64
	// Binding is the operation whose quota limits the rate, such as "AttachPolicy"; empty if
	// there is none.
	Binding string
	// Imported, Unchanged, Failed, Rejected and Skipped are the numbers of entries so far.
	Imported, Unchanged, Failed, Rejected, Skipped int64
	// Later reports whether the command is one over the devices of an import, which has Changed and
	// Kept instead of Imported.
	Later         bool
	Changed, Kept int64
	// Proof reports whether the command connects as devices: it calls unchanged ones allowed, failed ones
	// refused, and kept ones unproven.
	Proof bool
	// Reads reports whether the command changes nothing, so that its entries are only done.
	Reads bool
	// Throttled is the number of calls that AWS refused because of their rate.
	Throttled int64
	// Note is urgent information for the operator, such as "paused: endpoint does not answer".
	Note string
}

// Left returns an estimate of the remaining time, or 0 if it is not known.
func (s Status) Left() time.Duration {
	if s.Estimate > 0 {
		return s.Estimate
	}
	if s.Rate <= 0 || s.Total <= s.Done {
		return 0
	}
	return time.Duration(float64(s.Total-s.Done) / s.Rate * float64(time.Second))
}

// String returns one line without a line break.
func (s Status) String() string {
	var parts []string
	switch {
	case s.Total > 0:
		parts = append(parts, fmt.Sprintf("%s/%s (%d%%)", Count(s.Done), Count(s.Total), s.Done*100/s.Total))
	case s.Done > 0:
		parts = append(parts, Count(s.Done))
	}
	if s.Rate > 0 {
		rate := Rate(s.Rate) + "/s"
		if s.Ceiling > 0 {
			rate += " of " + Rate(s.Ceiling)
		}
		parts = append(parts, rate)
	}
	if left := s.Left(); left > 0 {
		parts = append(parts, Duration(left)+" left")
	}
	if s.Failed > 0 {
		parts = append(parts, Count(s.Failed)+" "+s.word("failed"))
	}
	if s.Rejected > 0 {
		parts = append(parts, Count(s.Rejected)+" rejected")
	}
	if s.Throttled > 0 {
		parts = append(parts, Count(s.Throttled)+" throttled")
	}
	if s.Binding != "" {
		parts = append(parts, "bound by "+s.Binding)
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.TrimSpace(s.Phase + " " + strings.Join(parts, ", "))
}

// proofWords are the words of a command that connects as devices for outcomes of entries.
var proofWords = map[string]string{"unchanged": "allowed", "failed": "refused", "kept": "unproven"}

// word returns what the command calls an outcome.
func (s Status) word(outcome string) string {
	if s.Proof {
		return cmp.Or(proofWords[outcome], outcome)
	}
	return outcome
}

// Calls lists numbers of calls by operation, such as "5 CreateThing, 1 ListThings".
func Calls(byOperation map[string]int) string {
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(byOperation)) {
		parts = append(parts, Count(byOperation[op])+" "+op)
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

// Count formats a number with thousands separators.
func Count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Rate formats a rate with its significant digits.
func Rate(perSecond float64) string {
	switch {
	case perSecond >= 100:
		return Count(int64(perSecond + 0.5))
	case perSecond >= 1:
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return strconv.FormatFloat(perSecond, 'f', 2, 64)
}

// Duration formats a duration for people: 45s, 3m20s, 2h05m, 3d04h.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	days, hours, minutes, seconds := d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60, d/time.Second%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%02dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%02dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%02ds", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}

// Plural writes a number with its noun.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(int64(n)) + " " + many
}
