package cli

import "errors"

// Exit codes. They are part of the contract: scripts decide by them.
const (
	ExitOK          = 0   // every entry imported, unchanged or skipped
	ExitFailure     = 1   // the command could not be carried out
	ExitUsage       = 2   // wrong usage
	ExitIncomplete  = 3   // finished, but some entries failed or were rejected
	ExitInterrupted = 130 // Ctrl-C
)

const exitHelp = `Exit codes:
  0    every entry imported, unchanged or skipped
  1    the command could not be carried out
  2    wrong usage
  3    finished, but some entries failed or were rejected
  130  interrupted`

// An exitError ends the command with a code of its own. Without an error
// nothing is printed: the command has said what there is to say.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error, hint string) error {
	return &exitError{code: ExitUsage, err: err, hint: hint}
}

// withHint adds what to do instead.
func withHint(err error, hint string) error {
	return &exitError{code: ExitFailure, err: err, hint: hint}
}

func exitCode(err error) int {
	var exit *exitError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &exit):
		return exit.code
	}
	return ExitFailure
}
