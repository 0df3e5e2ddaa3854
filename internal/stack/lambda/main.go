// Package lambda wires the functions of a stack into one program: Lambda runs
// it with the name of the function in _HANDLER.
package lambda

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/decode"
)

// The functions, by what _HANDLER names them.
const (
	Decoder       = "decoder"
	Importer      = "importer"
	Undeliverable = "undeliverable"
)

// Main serves invocations until Lambda ends the process. It returns, with an
// exit code, only if the environment names no function or has a wrong
// configuration. Out takes the log and the metrics, a JSON object in each line.
//
// Before the first invocation nothing is called: clients are made when they are
// first used.
func Main(ctx context.Context, lookup func(name string) (value string, ok bool), out io.Writer) int {
	out = &lines{out: out}
	log := newLog(out)
	name, _ := lookup("_HANDLER")
	config, err := stack.ReadConfig(lookup)
	if err == nil {
		err = known(name)
	}
	if err != nil {
		log.ErrorContext(ctx, "the function cannot begin", "function", name, "error", err.Error())
		return 1
	}
	decode.BoundMemory(lookup)
	f := &functions{config: config, log: log, out: out}
	lambda.StartWithOptions(f.handler(name), lambda.WithContext(ctx))
	return 0
}

func known(name string) error {
	switch name {
	case Decoder, Importer, Undeliverable:
		return nil
	}
	return fmt.Errorf("_HANDLER is %q, and none of %s, %s, %s", name, Decoder, Importer, Undeliverable)
}

func newLog(out io.Writer) *slog.Logger {
	return slog.New(&requests{slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: rename})})
}
