package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

// lintVectors is testdata/vectors/lint.json.
type lintVectors struct {
	Policies map[string]json.RawMessage
	Vectors  []lintVector
}

type lintVector struct {
	Name, Source string
	Rule         Rule
	Hostile      bool
	Policies     []string
	Context      struct {
		Partition, Region, Account                   string
		Transport                                    Transport
		Complete                                     bool
		Now                                          time.Time
		CertificatePolicies, GroupPolicies, Versions int
	}
	Devices  []connectionVector
	Findings []findingVector
}

type findingVector struct {
	Rule                Rule
	Severity            Severity
	Document, Statement int
	Text                string
	Devices             int
}

func (v *lintVector) context(t testing.TB) Context {
	c := v.Context
	context := Context{
		Target: Target{c.Partition, c.Region, c.Account}, Transport: c.Transport, Complete: c.Complete, Now: c.Now,
		CertificatePolicies: c.CertificatePolicies, GroupPolicies: c.GroupPolicies, Versions: c.Versions,
	}
	if v.Devices != nil {
		context.Devices = func(yield func(*Connection) bool) {
			for i := range v.Devices {
				if c := v.Devices[i].connection(t); !yield(&c) {
					return
				}
			}
		}
	}
	return context
}

func TestVectorsAreLinted(t *testing.T) {
	t.Parallel()
	var file lintVectors
	readVectors(t, "lint.json", &file)
	names := map[string]bool{}
	for _, v := range file.Vectors {
		if v.Source == "" || names[v.Name] {
			t.Errorf("%s: the source or a name of its own is missing", v.Name)
		}
		names[v.Name] = true
		var got []findingVector
		for _, f := range Lint(documents(t, file.Policies, v.Policies), v.context(t)) {
			got = append(got, findingVector{f.Rule, f.Severity, f.Document, f.Statement, f.Text, f.Devices})
			if f.Statement >= 0 && f.Position.Line == 0 {
				t.Errorf("%s: %s has no position", v.Name, f.Rule)
			}
			if len(f.ClientIDs) != min(f.Devices, MaxClientIDs) {
				t.Errorf("%s: %s has %d client IDs of %d", v.Name, f.Rule, len(f.ClientIDs), f.Devices)
			}
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", v.Findings) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", v.Name, got, v.Findings)
		}
	}
}

// Every rule has a vector that breaks it and one that comes close and does not.
func TestEveryRuleHasGoodAndHostileVectors(t *testing.T) {
	t.Parallel()
	var file lintVectors
	readVectors(t, "lint.json", &file)
	good, hostile := map[Rule]bool{}, map[Rule]bool{}
	for _, v := range file.Vectors {
		found := slices.ContainsFunc(v.Findings, func(f findingVector) bool { return f.Rule == v.Rule })
		if found != v.Hostile {
			t.Errorf("%s: hostile is %v", v.Name, v.Hostile)
		}
		good[v.Rule] = good[v.Rule] || !found
		hostile[v.Rule] = hostile[v.Rule] || found
	}
	for _, rule := range Rules() {
		if !good[rule] || !hostile[rule] || severities[rule] == "" {
			t.Errorf("%s: good %v, hostile %v, severity %q", rule, good[rule], hostile[rule], severities[rule])
		}
	}
	if len(Rules()) != len(severities) {
		t.Errorf("%d rules, %d severities", len(Rules()), len(severities))
	}
}
