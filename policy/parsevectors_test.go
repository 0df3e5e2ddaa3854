package policy_test

import (
	"testing"

	"github.com/thingpress/thingpress/internal/policyvectors"
)

func TestVectorsAreParsed(t *testing.T) {
	t.Parallel()
	all, err := policyvectors.ReadParses()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Source == "" {
			t.Errorf("%s has no source", v.Name)
		}
		if mismatch, err := v.Mismatch(); mismatch != "" || err != nil {
			t.Errorf("%s: %s%v", v.Name, mismatch, err)
		}
	}
}
