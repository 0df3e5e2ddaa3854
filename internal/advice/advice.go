// Package advice explains codes to operators: what a code means, and what to do
// about it.
//
// What to do depends on where the reader is. A command line has flags; a stack
// has template parameters and buckets. Codes and values come from package
// manifest, package iot and the engine. Only this package turns them into
// instructions that name a flag, a command or a parameter.
package advice

import (
	"errors"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// A Surface is where an operator reads an [Advice].
type Surface int

// Values of Surface.
const (
	// CLI is the command line, which has flags.
	CLI Surface = iota
	// Stack is a report, a notice or the status of a stack. Operators of a stack
	// run no import command; they import a manifest again by uploading it.
	Stack
	// Console is the page of an import in a browser. Its reader started the import
	// from a command line and gets the same advice as on the CLI.
	Console
)

// An Advice explains a code to an operator.
type Advice struct {
	// Meaning explains the code; it is empty for unknown codes.
	Meaning string
	// Todo is an instruction; it is empty if there is nothing to do.
	Todo string
}

// A row is a code with its explanation.
type row struct {
	code, meaning string
	// todo applies to every surface, unless stack is set for stacks.
	todo, stack string
}

// nothing stands in a row for a stack in which there is nothing to do.
const nothing = "-"

func (r *row) advice(s Surface) Advice {
	switch {
	case s == Stack && r.stack == nothing:
		return Advice{Meaning: r.meaning}
	case s == Stack && r.stack != "":
		return Advice{r.meaning, r.stack}
	}
	return Advice{r.meaning, r.todo}
}

// Codes returns every explained code, in the order of docs/reasons.md.
func Codes() []string {
	var codes []string
	for _, rows := range [...][]row{manifestRows, failureRows, driftRows, proofRows, skippedRows, keptRows, leftRows} {
		for i := range rows {
			codes = append(codes, rows[i].code)
		}
	}
	return codes
}

// For returns the advice for the code of a rejected, failed or skipped entry, of
// drift, of a manifest that cannot be read, or of a warning. It is the zero Advice for an
// unknown code.
func For[Code ~string](code Code, s Surface) Advice {
	for _, rows := range [...][]row{manifestRows, failureRows, driftRows, proofRows, skippedRows, keptRows, leftRows} {
		if i := slices.IndexFunc(rows, func(r row) bool { return r.code == string(code) }); i >= 0 {
			return rows[i].advice(s)
		}
	}
	if refusal, ok := strings.CutPrefix(string(code), "aws-"); ok {
		return Advice{"AWS answered " + refusal, "read the detail; it is what AWS answered"}
	}
	return Advice{}
}

// Of returns the advice for an error. The error may have a [manifest.Reason], with
// the limit that was exceeded, be a call of AWS IoT that stopped an import, or be
// about the file of a ledger. For any other error the advice is zero.
func Of(err error, s Surface) Advice {
	var stop *call.StopError
	if errors.As(err, &stop) {
		return ofStop(stop, s)
	}
	if code := manifest.ReasonOf(err); code != "" {
		found := For(code, s)
		if limit := manifest.LimitOf(err); limit.Name != "" {
			found.Todo = raise(limit.Name, s)
		}
		if guess := manifest.GuessOf(err); !guess.IsZero() {
			found.Todo = ofColumns(guess, err, s)
		}
		if service := manifest.DeviceListOf(err); service != "" {
			found.Todo = "thingpress convert --from " + service + " " + fileOf(err) + " MANIFEST --to csv --out devices.csv"
		}
		return found
	}
	var api *iot.APIError
	if errors.As(err, &api) {
		return ofCall(api, s)
	}
	if s == Stack {
		return Advice{}
	}
	return ofLedger(err)
}

// Flag returns the name of the flag that sets a limit, without dashes.
func Flag(limit manifest.LimitName) string { return limitFlags[limit] }

var limitFlags = map[manifest.LimitName]string{
	manifest.LimitEntryBytes:      "max-entry-bytes",
	manifest.LimitEntries:         "max-entries",
	manifest.LimitDepth:           "max-depth",
	manifest.LimitArchiveMembers:  "max-members",
	manifest.LimitExpandedBytes:   "max-expanded",
	manifest.LimitExpansionRatio:  "max-ratio",
	manifest.LimitDictionaryBytes: "max-dictionary",
}

const stackLimits = "the limits of a stack are fixed; if the manifest is genuine, import it from the command line, where they can be raised"

func raise(limit manifest.LimitName, s Surface) string {
	if s == Stack {
		return stackLimits
	}
	return "if the manifest is genuine, raise the limit with --" + limitFlags[limit]
}
