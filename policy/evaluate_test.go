package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/policyvectors"
	"github.com/thingpress/thingpress/policy"
)

func readDecisions(t *testing.T) *policyvectors.Decisions {
	t.Helper()
	file, err := policyvectors.ReadDecisions()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestVectorsAreDecided(t *testing.T) {
	t.Parallel()
	file := readDecisions(t)
	names := map[string]bool{}
	for _, v := range file.Vectors {
		if v.Source == "" || v.Clause == "" || names[v.Name] {
			t.Errorf("%s: the source, the clause or a name of its own is missing", v.Name)
		}
		names[v.Name] = true
		if mismatch, err := file.Mismatch(&v); mismatch != "" || err != nil {
			t.Errorf("%s: %s%v", v.Name, mismatch, err)
		}
	}
}

// Every clause of the rules has a vector that keeps to it and one that attacks it.
func TestEveryClauseHasGoodAndHostileVectors(t *testing.T) {
	t.Parallel()
	file := readDecisions(t)
	good, hostile := map[string]bool{}, map[string]bool{}
	for _, v := range file.Vectors {
		if v.Hostile {
			hostile[v.Clause] = true
		} else {
			good[v.Clause] = true
		}
	}
	for _, clause := range clauses {
		if !good[clause] || !hostile[clause] {
			t.Errorf("%s: good %v, hostile %v", clause, good[clause], hostile[clause])
		}
		delete(good, clause)
		delete(hostile, clause)
	}
	if len(good)+len(hostile) > 0 {
		t.Errorf("clauses that the test does not know: %v %v", good, hostile)
	}
	if least := 250; len(file.Vectors) < least {
		t.Errorf("%d vectors, want at least %d", len(file.Vectors), least)
	}
	for _, q := range []policy.Question{
		policy.QuestionUnresolvedDeny, policy.QuestionUnresolvedNot, policy.QuestionClientIDWildcard,
		policy.QuestionConnectFeatures, policy.QuestionNotAction, policy.QuestionActionCase, policy.QuestionActionWildcard,
		policy.QuestionJobPrefix, policy.QuestionOldVersion, policy.QuestionOtherThing, policy.QuestionKey,
		policy.QuestionPlainOperator, policy.QuestionSpecialKey, policy.QuestionSerialNumber,
	} {
		if !slices.ContainsFunc(file.Vectors, func(v policyvectors.Decision) bool { return slices.Contains(v.Open, q) }) {
			t.Errorf("no vector asks %s", q)
		}
	}
}

// clauses are the rules: grammar, actions, decision, matching, variables, association, groups and
// conditions.
var clauses = strings.Fields(`
	2-string-or-list 2-not-resource 2-not-action 2-version 2-unknown-action 2-variables-in-action
	3-connect 3-publish 3-retain 3-subscribe 3-receive 3-http 3-jobs 3-role-alias
	4-allow 4-implicit-deny 4-explicit-deny
	5-star 5-question 5-mqtt-wildcards 5-deny-branch 5-escapes 5-arn 5-case 5-slash 5-share
	6-client-id 6-client-wildcard 6-source-ip 6-domain 6-case 6-thing-name 6-thing-type 6-attributes 6-attached 6-certificate-id
	6-fields 6-index 6-list 6-alternative 6-serial 6-available-keys 6-special 6-length 6-five 6-missing 6-no-thing 6-http
	6-deny-unresolved 6-backslash
	7-name 7-not-attached 7-exclusive 7-not-exclusive 7-exclusive-other
	8-groups
	10-table 10-operators 10-set 10-absent 10-ifexists 10-null 10-keys
	13-1`)
