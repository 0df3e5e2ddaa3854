// Package progress shows people how far a long command is: a live line on a
// terminal, a plain line every ten seconds elsewhere, or nothing.
package progress

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Status is a moment of a long command.
type Status struct {
	// Phase is what the command is doing, such as "checking" or "importing".
	Phase string
	// Done of Total entries; a Total of 0 is not known yet.
	Done, Total int64
	// Rate is in devices per second; 0 is not known yet.
	Rate float64
	// Ceiling is the rate that the quotas allow; 0 for no limit.
	Ceiling float64
	// Binding is the operation whose quota binds, such as "AttachPolicy"; empty for none.
	Binding string
	// Failed and Rejected count what has gone wrong so far.
	Failed, Rejected int64
	// Note is what the operator must know now, such as "paused: endpoint does not answer".
	Note string
}

// Left estimates the time to the end; it is 0 if that is not known.
func (s Status) Left() time.Duration {
	if s.Rate <= 0 || s.Total <= s.Done {
		return 0
	}
	return time.Duration(float64(s.Total-s.Done) / s.Rate * float64(time.Second))
}

// String is one line without a line end.
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
		parts = append(parts, Count(s.Failed)+" failed")
	}
	if s.Rejected > 0 {
		parts = append(parts, Count(s.Rejected)+" rejected")
	}
	if s.Binding != "" {
		parts = append(parts, "bound by "+s.Binding)
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.TrimSpace(s.Phase + " " + strings.Join(parts, ", "))
}

// Count writes a number with separators between thousands.
func Count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Rate writes a rate with the digits that matter.
func Rate(perSecond float64) string {
	switch {
	case perSecond >= 100:
		return Count(int64(perSecond + 0.5))
	case perSecond >= 1:
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return strconv.FormatFloat(perSecond, 'f', 2, 64)
}

// Duration writes a duration as people say it: 45s, 3m20s, 2h05m, 3d04h.
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
