package policyvectors

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/thingpress/thingpress/policy"
)

// Lints are the vectors of lint.json. The README next to it describes the fields.
type Lints struct {
	Policies map[string]json.RawMessage
	Vectors  []Lint
}

// A Lint is what a linter finds in some policies.
type Lint struct {
	Name, Source string
	Rule         policy.Rule
	Hostile      bool
	Policies     []string
	Context      struct {
		Partition, Region, Account                   string
		Transport                                    policy.Transport
		Complete                                     bool
		Now                                          time.Time
		CertificatePolicies, GroupPolicies, Versions int
	}
	Devices  []Connection
	Findings []Finding
}

// A Finding is a finding without what follows from its statement.
type Finding struct {
	Rule                policy.Rule
	Severity            policy.Severity
	Document, Statement int
	Text                string
	Devices             int
}

// ReadLints returns the vectors of lint.json.
func ReadLints() (*Lints, error) {
	var l Lints
	return &l, readFile(lintFile, &l)
}

// Mismatch returns how the library finds something else than a vector says, or an empty string.
func (l *Lints) Mismatch(v *Lint) (string, error) {
	documents, err := parseAll(l.Policies, v.Policies)
	if err != nil {
		return "", err
	}
	c := v.Context
	context := policy.Context{
		Target: policy.Target{Partition: c.Partition, Region: c.Region, Account: c.Account}, Transport: c.Transport, Complete: c.Complete,
		Now: c.Now, CertificatePolicies: c.CertificatePolicies, GroupPolicies: c.GroupPolicies, Versions: c.Versions,
	}
	var devices []policy.Connection
	for i := range v.Devices {
		device, err := v.Devices[i].Connection()
		if err != nil {
			return "", err
		}
		devices = append(devices, device)
	}
	if v.Devices != nil {
		context.Devices = func(yield func(*policy.Connection) bool) {
			for i := range devices {
				if !yield(&devices[i]) {
					return
				}
			}
		}
	}
	var got []Finding
	for _, f := range policy.Lint(documents, context) {
		got = append(got, Finding{f.Rule, f.Severity, f.Document, f.Statement, f.Text, f.Devices})
		if f.Statement >= 0 && f.Position.Line == 0 {
			return fmt.Sprintf("%s has no position", f.Rule), nil
		}
		if len(f.ClientIDs) != min(f.Devices, policy.MaxClientIDs) {
			return fmt.Sprintf("%s has %d client IDs of %d", f.Rule, len(f.ClientIDs), f.Devices), nil
		}
	}
	if len(got)+len(v.Findings) > 0 && !reflect.DeepEqual(got, v.Findings) {
		return fmt.Sprintf("found are %+v, want %+v", got, v.Findings), nil
	}
	return "", nil
}
