// Package lambda makes one program of the functions of a stack. Lambda runs it with
// the name of the function in _HANDLER.
package lambda

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/decode"
)

// The names of the functions in _HANDLER.
const (
	Decoder       = "decoder"
	Importer      = "importer"
	Undeliverable = "undeliverable"
	Keeper        = "keeper"
	Undo          = "undo"
)

// version is the version of this program, which the linker sets in a release. The zip has it in the file VERSION.
var version = "devel"

// Main serves invocations until Lambda ends the process. It returns an exit code only
// if the environment names no function or the configuration is wrong. It writes log
// and metrics to out, one JSON object per line.
//
// Before the first invocation it makes no call: clients are created when they are
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
		log.ErrorContext(ctx, "the function cannot start", "function", name, "error", err.Error())
		return 1
	}
	log.InfoContext(ctx, "start", "function", name, "version", version, "template", config.Version)
	decode.BoundMemory(lookup)
	f := &functions{config: config, log: log, out: out}
	lambda.StartWithOptions(f.handler(name), lambda.WithContext(ctx))
	return 0
}

func known(name string) error {
	switch name {
	case Decoder, Importer, Undeliverable, Keeper, Undo:
		return nil
	}
	return fmt.Errorf("_HANDLER is %q, not one of %s, %s, %s, %s, %s", name, Decoder, Importer, Undeliverable, Keeper, Undo)
}

func newLog(out io.Writer) *slog.Logger {
	return slog.New(&requests{slog.NewJSONHandler(plain.JSONWriter(out), &slog.HandlerOptions{ReplaceAttr: rename})})
}
