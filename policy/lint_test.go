package policy_test

import (
	"slices"
	"testing"

	"github.com/thingpress/thingpress/internal/policyvectors"
	"github.com/thingpress/thingpress/policy"
)

func readLints(t *testing.T) *policyvectors.Lints {
	t.Helper()
	file, err := policyvectors.ReadLints()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestVectorsAreLinted(t *testing.T) {
	t.Parallel()
	file := readLints(t)
	names := map[string]bool{}
	for _, v := range file.Vectors {
		if v.Source == "" || names[v.Name] {
			t.Errorf("%s: the source or a name of its own is missing", v.Name)
		}
		names[v.Name] = true
		if mismatch, err := file.Mismatch(&v); mismatch != "" || err != nil {
			t.Errorf("%s: %s%v", v.Name, mismatch, err)
		}
	}
}

// Every rule has a vector that breaks it and one that comes close and does not.
func TestEveryRuleHasGoodAndHostileVectors(t *testing.T) {
	t.Parallel()
	good, hostile := map[policy.Rule]bool{}, map[policy.Rule]bool{}
	for _, v := range readLints(t).Vectors {
		found := slices.ContainsFunc(v.Findings, func(f policyvectors.Finding) bool { return f.Rule == v.Rule })
		if found != v.Hostile {
			t.Errorf("%s: hostile is %v", v.Name, v.Hostile)
		}
		good[v.Rule] = good[v.Rule] || !found
		hostile[v.Rule] = hostile[v.Rule] || found
	}
	for _, rule := range policy.Rules() {
		if !good[rule] || !hostile[rule] {
			t.Errorf("%s: good %v, hostile %v", rule, good[rule], hostile[rule])
		}
	}
}
