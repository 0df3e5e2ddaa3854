package operate

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
)

// A stack that is protected against an accident is not deleted by a command that says yes to everything.
func TestProtectedStackIsDeletedOnlyAfterItsProtectionIsRemoved(t *testing.T) {
	t.Parallel()
	f := &faulty{tb: t, status: types.StackStatusCreateComplete}
	found := func() *Stack {
		s, err := f.account().Find(t.Context(), "line")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := found().Protect(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	var protected *ProtectedError
	if err := found().Delete(t.Context(), func(Event) {}); !errors.As(err, &protected) || f.begun {
		t.Errorf("the protected stack is deleted: %v", err)
	}
	if err := found().Protect(t.Context(), false); err != nil || found().Protected {
		t.Errorf("still protected: %v", err)
	}
}

// Somebody else's tags decide who pays for the stack.
func TestDeploymentKeepsTheTagsThatItIsNotGiven(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before *Stack
		wanted map[string]string
		want   map[string]string
	}{
		"new":      {nil, map[string]string{"team": "line"}, map[string]string{"application": "thingpress", "team": "line"}},
		"reviewed": {&Stack{Status: "REVIEW_IN_PROGRESS"}, nil, map[string]string{"application": "thingpress"}},
		"existing": {
			&Stack{Status: "CREATE_COMPLETE", Tags: map[string]string{"cost": "1", "team": "a"}},
			map[string]string{"team": "b"},
			map[string]string{"cost": "1", "team": "b"},
		},
	} {
		got := map[string]string{}
		for _, tag := range tagList(test.wanted, test.before) {
			got[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
