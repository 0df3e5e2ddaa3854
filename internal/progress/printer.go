package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/plain"
)

// Mode is the way in which progress is shown.
type Mode int

// Modes of a Printer.
const (
	Quiet Mode = iota // nothing, not even notes
	Lines             // a plain line every ten seconds
	Live              // up to three lines that are redrawn
)

const (
	liveInterval  = 200 * time.Millisecond
	linesInterval = 10 * time.Second
)

// Options configure a [Printer].
type Options struct {
	Mode Mode
	// Width returns the columns of the terminal. Only Live needs it.
	Width func() int
	// Colours allows colours in Live.
	Colours bool
	// Events, unless it is nil, gets the status every ten seconds in every mode. It is for
	// machines.
	Events func(Status)
}

// A Printer shows the latest status. While it is open nobody else may write to its stream, so
// that notes and the live lines do not mix. Its methods are safe for concurrent use.
type Printer struct {
	options Options

	mu     sync.Mutex
	out    io.Writer
	status Status
	fresh  bool  // status has not been shown
	drawn  []int // columns of the live lines that are on the terminal
	sent   time.Time

	once    sync.Once
	stop    chan struct{}
	stopped sync.WaitGroup
}

// New returns an open printer on out.
func New(out io.Writer, o Options) *Printer {
	p := &Printer{options: o, out: out, sent: time.Now(), stop: make(chan struct{})}
	interval := linesInterval
	if o.Mode == Live {
		interval = liveInterval
	}
	if o.Mode != Quiet || o.Events != nil {
		p.stopped.Go(func() { p.tick(interval) })
	}
	return p
}

func (p *Printer) tick(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			p.mu.Lock()
			if p.options.Events != nil && p.status != (Status{}) && now.Sub(p.sent) >= linesInterval {
				p.sent = now
				p.options.Events(p.status)
			}
			p.show(now)
			p.mu.Unlock()
		case <-p.stop:
			return
		}
	}
}

// Update replaces the status.
func (p *Printer) Update(s Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.fresh = s, true
}

// Note prints a line that stays. A terminal breaks it between words.
func (p *Printer) Note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.options.Mode == Quiet {
		return
	}
	p.clear()
	text := plain.Sprintf(format+"\n", args...)
	if p.options.Mode == Live {
		text = plain.Wrap(text, p.options.Width())
	}
	_, _ = io.WriteString(p.out, text) // a terminal that is gone does not stop the command
	if p.options.Mode == Live && p.status != (Status{}) {
		p.fresh = true
		p.show(time.Now())
	}
}

// Pause removes the live lines until the next status, so that others can write to the stream.
func (p *Printer) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.status, p.fresh = Status{}, false
}

// Close removes the live lines and stops the printer. Further calls do nothing.
func (p *Printer) Close() {
	p.once.Do(func() { close(p.stop) })
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.options.Mode = Quiet
}

func (p *Printer) show(now time.Time) {
	if !p.fresh || p.options.Mode == Quiet {
		return
	}
	p.fresh = false
	if p.options.Mode == Lines {
		plain.Fprintf(p.out, "%s\n", p.status)
		return
	}
	width := max(p.options.Width()-1, 1)
	erase := p.erase()
	var text []string
	p.drawn = nil
	for _, line := range p.status.lines(width, now) {
		drawn, columns := draw(line, width, p.options.Colours)
		text = append(text, drawn+"\x1b[K")
		p.drawn = append(p.drawn, columns)
	}
	fmt.Fprint(p.out, erase+strings.Join(text, "\n"))
}

func (p *Printer) clear() {
	if len(p.drawn) > 0 {
		fmt.Fprint(p.out, p.erase())
		p.drawn = nil
	}
}

// erase returns what removes the drawn lines, which wrap if the terminal is narrower now.
func (p *Printer) erase() string {
	rows := 0
	for _, columns := range p.drawn {
		rows += 1 + max(columns-1, 0)/max(p.options.Width(), 1)
	}
	if rows <= 1 {
		return "\r\x1b[J"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", rows-1)
}
