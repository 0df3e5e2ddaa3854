package policyvectors

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thingpress/thingpress/policy"
)

// A Parse is a vector of parse.json: the text of a document, which is accepted if Error is nil.
type Parse struct {
	Name, Source, Document string
	Error                  *Problem
	Warnings               []Problem
}

// A Problem is what is wrong at a place of a document.
type Problem struct {
	Code         policy.Code
	Line, Column int
	Text         string
	Size         int
}

func problemOf(p policy.Problem) Problem { return Problem{p.Code, p.Line, p.Column, p.Text, p.Size} }

// ReadParses returns the vectors of parse.json.
func ReadParses() ([]Parse, error) {
	var all []Parse
	err := readFile(parseFile, &all)
	return all, err
}

// Mismatch returns how the library reads a document otherwise than the vector says, or an empty string.
func (v *Parse) Mismatch() (string, error) {
	document, err := policy.Parse(v.Document)
	var refused *policy.ParseError
	switch {
	case errors.As(err, &refused) && v.Error == nil:
		return fmt.Sprintf("refused: %v", err), nil
	case refused != nil:
		if got := problemOf(refused.Problem); got != *v.Error {
			return fmt.Sprintf("refused by %+v, want %+v", got, *v.Error), nil
		}
		return "", nil
	case err != nil:
		return "", err
	case v.Error != nil:
		return fmt.Sprintf("accepted, want %+v", *v.Error), nil
	}
	var warnings []Problem
	for _, w := range document.Warnings {
		warnings = append(warnings, problemOf(w))
	}
	if !slices.Equal(warnings, v.Warnings) {
		return fmt.Sprintf("warnings are %+v, want %+v", warnings, v.Warnings), nil
	}
	return "", nil
}
