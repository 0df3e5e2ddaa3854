package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"
)

// Mode is the way in which progress is shown.
type Mode int

// Modes of a Printer.
const (
	Quiet Mode = iota // nothing, not even notes
	Lines             // a plain line every ten seconds
	Live              // one line that is redrawn
)

const (
	liveInterval  = 200 * time.Millisecond
	linesInterval = 10 * time.Second
)

// A Printer shows the latest status. While it is open nobody else may write to its stream, so
// that notes and the live line do not mix. Its methods are safe for concurrent use.
type Printer struct {
	mode  Mode
	width func() int

	mu     sync.Mutex
	out    io.Writer
	status Status
	fresh  bool // status has not been shown
	drawn  bool // the live line is on the terminal

	once    sync.Once
	stop    chan struct{}
	stopped sync.WaitGroup
}

// New returns an open printer on out; width returns the columns of the terminal.
func New(out io.Writer, mode Mode, width func() int) *Printer {
	p := &Printer{mode: mode, width: width, out: out, stop: make(chan struct{})}
	interval := linesInterval
	if mode == Live {
		interval = liveInterval
	}
	if mode != Quiet {
		p.stopped.Go(func() { p.tick(interval) })
	}
	return p
}

func (p *Printer) tick(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			p.show()
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

// Note prints a line that stays.
func (p *Printer) Note(format string, args ...any) {
	if p.mode == Quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
	if p.mode == Live && p.status != (Status{}) {
		p.fresh = true
		p.show()
	}
}

// Pause removes the live line until the next status, so that others can write to the stream.
func (p *Printer) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.status, p.fresh = Status{}, false
}

// Close removes the live line and stops the printer. Further calls do nothing.
func (p *Printer) Close() {
	p.once.Do(func() { close(p.stop) })
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.mode = Quiet
}

func (p *Printer) show() {
	if !p.fresh {
		return
	}
	p.fresh = false
	line := p.status.String()
	if p.mode == Lines {
		fmt.Fprintln(p.out, line)
		return
	}
	// A line that wraps could not be erased.
	if most := p.width() - 1; most > 1 && utf8.RuneCountInString(line) > most {
		line = string([]rune(line)[:most-1]) + "…"
	}
	fmt.Fprint(p.out, "\r"+line+"\x1b[K")
	p.drawn = true
}

func (p *Printer) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}
