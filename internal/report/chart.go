package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/progress"
)

// The chart's measures, in the units of its view box.
const (
	chartWidth, chartHeight = 720.0, 220.0
	plotLeft, plotRight     = 64.0, 712.0
	plotTop, plotBottom     = 14.0, 190.0
	stretchGap              = 10.0
)

// putTimeline writes the rate over time as a chart, with the ceiling as a line, and as a table.
func (s *Story) putTimeline(w pageWriter) {
	t := s.Timeline
	if len(t.Stretches) == 0 {
		return
	}
	highest := t.Highest()
	what := fmt.Sprintf("Devices per second, each %s. The highest rate is %s.", progress.Duration(t.Width), progress.Rate(highest))
	if s.About.Ceiling > 0 {
		what += fmt.Sprintf(" The quota of %s allowed %s.", s.About.Binding, progress.Rate(s.About.Ceiling))
	}
	if len(t.Stretches) > 1 {
		what += " Pauses are left out."
	}
	top := niceAbove(max(highest, s.About.Ceiling))
	y := func(rate float64) float64 { return plotBottom - (plotBottom-plotTop)*rate/top }
	w.put("<section aria-labelledby=\"rate\">\n<h2 id=\"rate\">Rate</h2>\n<p id=\"rate-text\">%s</p>\n", what)
	w.put(`<svg class="chart" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="rate" aria-describedby="rate-text">`+"\n",
		chartWidth, chartHeight)
	for _, part := range [...]float64{0, 0.5, 1} {
		label := "0"
		if part > 0 {
			label = progress.Rate(part * top)
		}
		w.put(`<line class="grid" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/><text class="left" x="%.0f" y="%.1f">%s</text>`+"\n",
			plotLeft, plotRight, y(part*top), y(part*top), plotLeft-6, y(part*top)+4, label)
	}
	t.putStretches(w, y)
	if ceiling := s.About.Ceiling; ceiling > 0 {
		w.put(`<line class="ceiling" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/>`+
			`<text class="ceiling-text" x="%.0f" y="%.1f">ceiling %s/s</text>`+"\n",
			plotLeft, plotRight, y(ceiling), y(ceiling), plotRight-4, y(ceiling)-4, progress.Rate(ceiling))
	}
	w.put("</svg>\n<details><summary>The same as a table</summary>\n" +
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"rate\">" +
		"<table><thead><tr><th scope=\"col\">Time (UTC)</th><th scope=\"col\">Devices/s</th></tr></thead>\n<tbody>\n")
	for _, stretch := range t.Stretches {
		for i, rate := range stretch.Rates {
			at := stretch.Begun.Add(time.Duration(i) * t.Width).UTC().Format("2006-01-02 15:04:05")
			w.put("<tr><td>%s</td><td>%s</td></tr>\n", at, progress.Rate(rate))
		}
	}
	w.put("</tbody></table></div></details>\n</section>\n")
}

// putStretches draws the rates as areas, and the times below them.
func (t Timeline) putStretches(w pageWriter, y func(float64) float64) {
	intervals := 0.0
	for _, s := range t.Stretches {
		intervals += s.Ended.Sub(s.Begun).Seconds() / t.Width.Seconds()
	}
	step := (plotRight - plotLeft - stretchGap*float64(len(t.Stretches)-1)) / intervals
	x, labelled := plotLeft, 0.0
	for _, s := range t.Stretches {
		wide := step * s.Ended.Sub(s.Begun).Seconds() / t.Width.Seconds()
		var path strings.Builder
		fmt.Fprintf(&path, "M%.1f %.1f", x, plotBottom)
		for i, rate := range s.Rates {
			fmt.Fprintf(&path, "V%.1fH%.1f", y(rate), min(x+step*float64(i+1), x+wide))
		}
		fmt.Fprintf(&path, "V%.1fZ", plotBottom)
		w.put(`<path class="rate" d="%s"/>`+"\n", markup(path.String()))
		if x >= labelled {
			w.put(`<text x="%.1f" y="%.0f">%s</text>`+"\n", x, plotBottom+18, s.Begun.UTC().Format("01-02 15:04:05"))
			labelled = x + 100
		}
		x += wide + stretchGap
	}
	if last := t.Stretches[len(t.Stretches)-1].Ended; plotRight-100 >= labelled {
		w.put(`<text class="left" x="%.0f" y="%.0f">%s</text>`+"\n", plotRight, plotBottom+18, last.UTC().Format("01-02 15:04:05"))
	}
}

// niceAbove returns a round number that is not below x.
func niceAbove(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(x, 0.001))))
	for _, digit := range [...]float64{1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10} {
		if digit*power >= x {
			return digit * power
		}
	}
	return 10 * power
}
