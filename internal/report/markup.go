package report

import (
	"bufio"
	"fmt"
	"html"

	"github.com/thingpress/thingpress/internal/plain"
)

// markup is text that is HTML already.
type markup string

// A pageWriter writes HTML. It keeps its first error for Flush.
type pageWriter struct{ *bufio.Writer }

// put writes HTML in the form of [fmt.Sprintf]. Arguments are escaped unless they are markup or
// numbers.
func (w pageWriter) put(format string, args ...any) {
	fmt.Fprint(w.Writer, markupf(format, args...))
}

// markupf returns HTML in the form of [fmt.Sprintf], with the arguments escaped as by put.
func markupf(format string, args ...any) markup {
	for i, arg := range args {
		switch arg := arg.(type) {
		case markup, int, int64, float64:
		default:
			args[i] = html.EscapeString(plain.Text(fmt.Sprint(arg)))
		}
	}
	return markup(fmt.Sprintf(format, args...))
}
