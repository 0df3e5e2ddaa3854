package policyvectors

import (
	"encoding/json"
	"fmt"

	"github.com/thingpress/thingpress/policy"
)

// A Vector is a vector of any of the files, with what running it showed.
type Vector struct {
	File, Name, Source string
	// Text is the vector as it is written in the file, and Policies are the policies that it names.
	Text     json.RawMessage
	Policies map[string]json.RawMessage
	// Open are the questions that AWS leaves open.
	Open []policy.Question
	// Mismatch is how the library decides otherwise; empty if it does not.
	Mismatch string
}

// RunAll runs all vectors.
func RunAll() ([]Vector, error) {
	decisions, err := ReadDecisions()
	if err != nil {
		return nil, err
	}
	lints, err := ReadLints()
	if err != nil {
		return nil, err
	}
	parses, err := ReadParses()
	if err != nil {
		return nil, err
	}
	var all []Vector
	add := func(v Vector, names []string, policies map[string]json.RawMessage, mismatch string, failure error) {
		for _, name := range names {
			if v.Policies == nil {
				v.Policies = map[string]json.RawMessage{}
			}
			v.Policies[name] = policies[name]
		}
		if v.Mismatch = mismatch; failure != nil {
			v.Mismatch = failure.Error()
		}
		all = append(all, v)
	}
	for i := range decisions.Vectors {
		v := &decisions.Vectors[i]
		mismatch, err := decisions.Mismatch(v)
		add(Vector{File: evaluateFile, Name: v.Name, Source: v.Source, Open: v.Open}, v.Policies, decisions.Policies, mismatch, err)
	}
	for i := range lints.Vectors {
		v := &lints.Vectors[i]
		mismatch, err := lints.Mismatch(v)
		add(Vector{File: lintFile, Name: v.Name, Source: v.Source}, v.Policies, lints.Policies, mismatch, err)
	}
	for i := range parses {
		v := &parses[i]
		mismatch, err := v.Mismatch()
		add(Vector{File: parseFile, Name: v.Name, Source: v.Source}, nil, nil, mismatch, err)
	}
	return all, addTexts(all)
}

// addTexts adds the texts of the vectors, which are in the order of the files.
func addTexts(all []Vector) error {
	var evaluate, lint struct{ Vectors []json.RawMessage }
	var parse []json.RawMessage
	for name, to := range map[string]any{evaluateFile: &evaluate, lintFile: &lint, parseFile: &parse} {
		if err := readFile(name, to); err != nil {
			return err
		}
	}
	texts := append(append(evaluate.Vectors, lint.Vectors...), parse...)
	if len(texts) != len(all) {
		return fmt.Errorf("%d vectors, %d texts", len(all), len(texts))
	}
	for i := range all {
		all[i].Text = texts[i]
	}
	return nil
}
