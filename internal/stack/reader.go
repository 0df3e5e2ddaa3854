package stack

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/environment"
)

// A reader reads values by name, and collects what is wrong with them.
type reader struct {
	lookup func(string) (string, bool)
	prefix string // of the names
	wrong  []error
}

func (r *reader) get(name string) string {
	value, _ := r.lookup(r.prefix + name)
	return value
}

func (r *reader) must(name string) string {
	value := r.get(name)
	r.require(name, value != "", "is not set")
	return value
}

// option reads a value of which "None" is none, as users of the Python
// Thingpress write it.
func (r *reader) option(name string) string {
	value := strings.TrimSpace(r.get(name))
	if strings.EqualFold(value, "none") {
		return ""
	}
	return value
}

func (r *reader) list(name string) []string {
	text := r.option(name)
	if text == "" {
		return nil
	}
	list := environment.List(text)
	r.require(name, !slices.Contains(list, ""), "has an empty name between its commas")
	return list
}

func (r *reader) require(name string, holds bool, what string) {
	if !holds {
		r.wrong = append(r.wrong, errors.New(r.prefix+name+" "+what))
	}
}

func (r *reader) wrap(name string, err error) {
	if err != nil {
		r.wrong = append(r.wrong, fmt.Errorf("%s%s: %w", r.prefix, name, err))
	}
}

func parsed[T any](r *reader, name string, fallback T, parse func(string) (T, error)) T {
	text := r.option(name)
	if text == "" {
		return fallback
	}
	value, err := parse(text)
	r.wrap(name, err)
	return value
}
