package quota

import (
	"regexp"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"
)

func TestTableNamesEveryOperationOnceWithAUsableQuota(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^L-[0-9A-F]{8}$`)
	ops, codes := map[iot.Operation]bool{}, map[string]iot.Operation{Registrations: "the joint limit"}
	for _, d := range Defaults() {
		if ops[d.Op] {
			t.Errorf("%s occurs twice", d.Op)
		}
		ops[d.Op] = true
		if d.TPS < Floor {
			t.Errorf("%s: %g calls per second", d.Op, d.TPS)
		}
		if d.Code == "" && d.Note == noCode {
			continue
		}
		if !code.MatchString(d.Code) {
			t.Errorf("%s: code %q", d.Op, d.Code)
		}
		if other, ok := codes[d.Code]; ok {
			t.Errorf("%s has the code of %s", d.Op, other)
		}
		codes[d.Code] = d.Op
	}
}

func TestDefaultsAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	Defaults()[0].TPS = 1e9
	if got := Defaults()[0].TPS; got == 1e9 {
		t.Error("a caller changed the table for others")
	}
}

func TestTableHasTheDocumentedQuotas(t *testing.T) {
	t.Parallel()
	table := map[iot.Operation]Default{}
	for _, d := range Defaults() {
		table[d.Op] = d
	}
	for _, tt := range []struct {
		op   iot.Operation
		tps  float64
		code string
	}{
		{iot.RegisterCertificateWithoutCA, 10, "L-4671C7C8"},
		{iot.AttachPolicy, 15, "L-CA7D4E3E"},
		{iot.ListThingPrincipals, 10, "L-FC3EF4D9"},
		{iot.UpdateThingGroupsForThing, 10, "L-638916DB"},
		{iot.AddThingToThingGroup, 100, "L-2904683A"},
	} {
		if d := table[tt.op]; d.TPS != tt.tps || d.Code != tt.code {
			t.Errorf("%s has %+v", tt.op, d)
		}
	}
	if d, ok := table["AttachThingToThingGroup"]; ok {
		t.Errorf("an operation that does not exist is in the table: %+v", d)
	}
}
