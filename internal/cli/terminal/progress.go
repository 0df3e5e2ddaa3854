package terminal

import (
	"math"
	"time"

	"github.com/thingpress/thingpress/internal/progress"
)

// A progressLine is the progress of a command as JSON.
type progressLine struct {
	Type      string     `json:"type"`
	At        time.Time  `json:"at"`
	Phase     string     `json:"phase"`
	Done      int64      `json:"done"`
	Total     int64      `json:"total,omitempty"`
	Imported  int64      `json:"imported,omitempty"`
	Unchanged int64      `json:"unchanged,omitempty"`
	Failed    int64      `json:"failed,omitempty"`
	Rejected  int64      `json:"rejected,omitempty"`
	Skipped   int64      `json:"skipped,omitempty"`
	Changed   int64      `json:"changed,omitempty"`
	Kept      int64      `json:"kept,omitempty"`
	Rate      float64    `json:"devices_per_second,omitempty"`
	Left      float64    `json:"seconds_left,omitempty"`
	Ends      *time.Time `json:"ends,omitempty"`
	Ceiling   float64    `json:"ceiling,omitempty"`
	Binding   string     `json:"binding_quota,omitempty"`
	Throttled int64      `json:"throttled,omitempty"`
	Note      string     `json:"note,omitempty"`
}

func progressLineOf(s progress.Status, now time.Time) progressLine {
	now = now.UTC().Truncate(time.Second)
	line := progressLine{
		Type: "progress", At: now, Phase: s.Phase, Done: s.Done, Total: s.Total,
		Imported: s.Imported, Unchanged: s.Unchanged, Failed: s.Failed, Rejected: s.Rejected, Skipped: s.Skipped,
		Changed: s.Changed, Kept: s.Kept,
		Rate: math.Round(s.Rate*1000) / 1000, Left: math.Round(s.Left().Seconds()),
		Ceiling: math.Round(s.Ceiling*1000) / 1000, Binding: s.Binding, Throttled: s.Throttled, Note: s.Note,
	}
	if line.Left > 0 {
		ends := now.Add(s.Left()).Truncate(time.Second)
		line.Ends = &ends
	}
	return line
}
