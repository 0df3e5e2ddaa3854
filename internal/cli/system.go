package cli

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// Streams is everything of the world that a command touches besides files and
// the network, so that a test can replace it.
type Streams struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // everything else

	// OutTerminal and ErrTerminal say whether the stream is a terminal.
	OutTerminal, ErrTerminal bool
	// InTerminal says whether somebody can be asked.
	InTerminal bool
	// Width returns the columns of the terminal that Err is.
	Width func() int
	// LookupEnv reads the environment.
	LookupEnv func(string) (string, bool)
	// Interrupts delivers Ctrl-C and SIGTERM.
	Interrupts <-chan os.Signal
}

// System returns the streams of this process. Interrupts are caught from then on.
func System() Streams {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	return Streams{
		In:          os.Stdin,
		Out:         os.Stdout,
		Err:         os.Stderr,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		Width: func() int {
			if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		},
		LookupEnv:  os.LookupEnv,
		Interrupts: interrupts,
	}
}
