package environment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/environment"
)

func TestListSplitsOnlyWhereACommaIsNotPartOfAName(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"":           {""},
		"a":          {"a"},
		"a, b ,c":    {"a", "b", "c"},
		`a\,b,c`:     {"a,b", "c"},
		`a\\,b`:      {`a\`, "b"},
		`back\slash`: {`back\slash`},
		"a,":         {"a", ""},
	} {
		if diff := cmp.Diff(want, environment.List(value)); diff != "" {
			t.Errorf("List(%q): %s", value, diff)
		}
	}
}
