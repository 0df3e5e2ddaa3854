package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

// Formats name the same device differently, or do not name it; the closest entry must count.
func TestDifferenceFindsTheSameDeviceInAnotherFormat(t *testing.T) {
	t.Parallel()
	of := func(id, name, certificate string) *manifest.Device {
		d := deviceOf(id, certificate, name)
		d.IDIsCN = id == ""
		return d
	}
	x := NewDifference()
	here := []*manifest.Device{
		of("02A4A4596FF8", "a", "one"), of("02A4A4596FF9", "b", "two"), of("", "c", "three"), nil, of("", "d", "four"),
		of("02A4A4596FFA", "e", "five"), of("02A4A4596FFB", "shared", "six"),
	}
	for _, d := range here {
		if m := x.AddHere(d); m.Relation != Accepted {
			t.Fatalf("%v", m)
		}
	}
	type found struct {
		Kin   Kinship
		Entry int
	}
	for _, test := range []struct {
		name string
		d    *manifest.Device
		want found
	}{
		{"other separators and case", of("02:a4:a4:59:6f:f8", "a", "one"), found{Same, 0}},
		{"no vendor ID", of("", "b", "two"), found{Same, 1}},
		{"renewed, known by its name", of("", "c", "new three"), found{OtherCertificate, 2}},
		{"renewed and renamed, known by its ID", of("02a4a4596ffa", "another", "new five"), found{OtherCertificate, 5}},
		{"certificate of another device", of("", "stranger", "four"), found{OtherDevice, 4}},
		{"same name, other chip", of("FFFFFFFFFFFF", "shared", "seven"), found{Alone, -1}},
		{"rejected", nil, found{Alone, -1}},
	} {
		_, kin, entry := x.AddThere(test.d)
		if diff := cmp.Diff(test.want, found{kin, entry}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	var only []int
	for i, d := range here {
		if d == nil {
			continue
		}
		missing, err := x.OnlyHere(i, d)
		if err != nil {
			t.Fatal(err)
		}
		if missing {
			only = append(only, i)
		}
	}
	if diff := cmp.Diff([]int{6}, only); diff != "" {
		t.Errorf("only here (-want +got):\n%s", diff)
	}
	if _, err := x.OnlyHere(0, of("", "swapped", "swapped")); manifest.ReasonOf(err) != manifest.ReasonChanged {
		t.Errorf("a manifest that changed between its readings: %v", err)
	}
}
