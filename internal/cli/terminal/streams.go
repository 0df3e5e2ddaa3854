// Package terminal gives commands their streams, questions to the user, and Ctrl-C.
// A test replaces [Streams] with buffers.
package terminal

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// Streams are the streams of a command, with the environment that it reads.
type Streams struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // everything else

	// OutTerminal and ErrTerminal report whether the stream is a terminal.
	OutTerminal, ErrTerminal bool
	// InTerminal reports whether the user can be asked.
	InTerminal bool
	// Width returns the number of columns of the terminal.
	Width func() int
	// LookupEnv reads the environment.
	LookupEnv func(string) (string, bool)
	// Environ returns the whole environment; nil for none.
	Environ func() []string
	// Colour is --color; nil is auto.
	Colour *Colour
	// Log is the log of the command; nil for none.
	Log *Log
	// Interrupts delivers Ctrl-C, SIGTERM and SIGHUP.
	Interrupts <-chan os.Signal
}

// System returns the streams of this process. From then on it catches interrupts.
func System() Streams {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, interruptSignals()...)
	return Streams{
		In:          os.Stdin,
		Out:         os.Stdout,
		Err:         os.Stderr,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		Width: func() int {
			for _, stream := range []*os.File{os.Stderr, os.Stdout} {
				if width, _, err := term.GetSize(int(stream.Fd())); err == nil && width > 0 {
					return width
				}
			}
			return 80
		},
		LookupEnv:  os.LookupEnv,
		Environ:    os.Environ,
		Interrupts: interrupts,
	}
}

// Progress returns an open printer of progress on stderr. With output JSON it also prints a
// line of JSON to stdout every ten seconds, so the command must write nothing there before it
// pauses or closes the printer.
func (s Streams) Progress(quiet bool, output Output) *progress.Printer {
	o := progress.Options{Mode: progress.Lines, Width: s.Width, Colours: s.Colours(s.ErrTerminal)}
	switch {
	case quiet:
		o.Mode = progress.Quiet
	case s.ErrTerminal && !s.dumb() && !s.Log.Verbose():
		o.Mode = progress.Live
	}
	if output == JSON && !quiet {
		o.Events = func(status progress.Status) {
			_ = s.PrintJSON(progressLineOf(status, time.Now())) // the end of the command reports it if stdout is closed
		}
	}
	return progress.New(Raw(s.Err), o)
}

// Cleaned returns streams on which no text can control the terminal, even if a command forgets to clean it.
func (s Streams) Cleaned() Streams {
	s.Out, s.Err = plain.NewWriter(s.Out), plain.NewWriter(s.Err)
	return s
}

// Raw returns the writer under a stream that is cleaned, for data that is not text.
func Raw(stream io.Writer) io.Writer {
	if cleaned, ok := stream.(*plain.Writer); ok {
		return cleaned.Raw()
	}
	return stream
}

// CanAsk reports whether a user can see a question and answer it.
func (s Streams) CanAsk() bool { return s.InTerminal && s.ErrTerminal }

// Ask asks for one line. The answer is empty if nobody can be asked or nobody answers.
func (s Streams) Ask(question string) string {
	if !s.CanAsk() {
		return ""
	}
	_, _ = io.WriteString(s.Err, s.WrapErr(plain.Text(question))) // nobody answers what nobody can see
	answer, _ := bufio.NewReader(s.In).ReadString('\n')           // no answer is an empty answer
	return strings.TrimSpace(answer)
}

// Confirm asks a yes-or-no question. No answer is a no.
func (s Streams) Confirm(question string) bool {
	answer := strings.ToLower(s.Ask(question + " [y/N] "))
	return answer == "y" || answer == "yes"
}

// WrapOut breaks lines of text for Out between words if Out is a terminal; see [plain.Wrap].
func (s Streams) WrapOut(text string) string { return plain.Wrap(text, s.TableWidth()) }

// WrapErr is like WrapOut for text for Err.
func (s Streams) WrapErr(text string) string {
	s.OutTerminal = s.ErrTerminal
	return s.WrapOut(text)
}

// PrintError prints an error on Err, and what to do about it unless that is empty.
func (s Streams) PrintError(message, hint string) {
	text := "thingpress: " + plain.Lines(message) + "\n"
	if hint != "" {
		text += "hint: " + plain.Lines(hint) + "\n"
	}
	_, _ = io.WriteString(s.Err, s.WrapErr(text)) // the exit code reports the error all the same
}

// PrintJSON prints a value on Out as one line of JSON.
func (s Streams) PrintJSON(value any) error {
	return json.NewEncoder(plain.JSONWriter(s.Out)).Encode(value)
}

// PrintLines prints each value on Out as one line of JSON.
func PrintLines[Line any](s Streams, lines []Line) error {
	for _, line := range lines {
		if err := s.PrintJSON(line); err != nil {
			return err
		}
	}
	return nil
}
