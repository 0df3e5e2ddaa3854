// Package exit defines the exit codes of thingpress and the errors that select
// one. Only cli.Main turns an error into the exit code of the process.
package exit

import (
	"context"
	"errors"
	"slices"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// Exit codes. They are stable, because scripts depend on them.
const (
	OK          = 0   // as wanted
	Failure     = 1   // not carried out
	Usage       = 2   // wrong usage, or refused without --yes
	Incomplete  = 3   // carried out, but something is not as wanted
	Interrupted = 130 // Ctrl-C, SIGTERM or SIGHUP
)

// Help is the section about exit codes in the help of a command.
const Help = `Exit codes:
  0    as wanted
  1    not carried out
  2    wrong usage, or refused without --yes
  3    carried out, but something is not as wanted, such as failed or rejected entries
  130  interrupted`

// An Error ends the command with Code. If Err is nil nothing is printed, because the
// command has printed everything.
type Error struct {
	Code int
	Err  error
	Hint string // what to do about it
}

func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Silently returns an error that ends the command with code and prints nothing; nil for [OK].
func Silently(code int) error {
	if code == OK {
		return nil
	}
	return &Error{Code: code}
}

// UsageError returns an error about the command line.
func UsageError(err error, hint string) error {
	return &Error{Code: Usage, Err: err, Hint: hint}
}

// WithHint adds a hint about what to do to err.
func WithHint(err error, hint string) error {
	return &Error{Code: Failure, Err: err, Hint: hint}
}

// Unapproved returns a usage error if a change needs --yes because nobody can be asked. A
// command calls it before it reads or calls anything. Nothing is what was not done, such as
// "nothing was imported".
func Unapproved(yes bool, streams terminal.Streams, nothing string) error {
	if yes || streams.CanAsk() {
		return nil
	}
	return UsageError(errors.New(nothing+": there is no terminal to ask on, and --yes was not given"),
		"add --yes to continue without a question")
}

// NotConfirmed returns the error of a command whose question was not answered with yes.
func NotConfirmed(nothing string) error { return errors.New(nothing + ": not confirmed") }

// InterruptedError returns the error of a command that Ctrl-C interrupted.
func InterruptedError(message, hint string) error {
	return &Error{Code: Interrupted, Err: errors.New(message), Hint: hint}
}

// AfterInterrupt returns the error of a command that Ctrl-C interrupted and that
// ended with err. Outcomes with a code of their own, and those that the command has
// printed, stay as they are.
func AfterInterrupt(err error) error {
	switch {
	case err == nil || err.Error() == "" || Code(err) != Failure:
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, terminal.ErrInterrupted):
		return InterruptedError("interrupted", "")
	}
	return &Error{Code: Interrupted, Err: err, Hint: Hint(err)}
}

// IfInterrupted returns err, or an [InterruptedError] with message instead if ctx
// has ended. A command needs it only to add what it left behind; [AfterInterrupt]
// is applied to all errors.
func IfInterrupted(ctx context.Context, err error, message string) error {
	if err != nil && ctx.Err() != nil {
		return InterruptedError(message, "")
	}
	return err
}

// Worst returns the exit code of a command that did several things, of which each ended with one of codes.
func Worst(codes []int) int {
	for _, code := range []int{Interrupted, Failure, Incomplete} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return OK
}

// Code returns the exit code of a command that returned err.
func Code(err error) int {
	var exit *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &exit):
		return exit.Code
	}
	return Failure
}

// Hint returns what to do about err, or an empty string.
func Hint(err error) string {
	var exit *Error
	if errors.As(err, &exit) && exit.Hint != "" {
		return exit.Hint
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return advice.Of(err, advice.CLI).Todo
}
