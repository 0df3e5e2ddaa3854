package stacktest

import (
	"strings"
	"testing"
)

func TestTransactionsCostTwoUnitsForEachKiBOfEachItem(t *testing.T) {
	t.Parallel()
	key := `"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}`
	x := strings.Repeat
	for body, want := range map[string]float64{
		`{"TransactItems":[{"Put":{"Item":{"pk":{"S":"a"}}}}]}`: 2,
		// One byte more than a KiB.
		`{"TransactItems":[{"Put":{"Item":{"pk":{"S":"` + x("x", 1021) + `"},"n":{"BOOL":true}}}}]}`:  4,
		`{"TransactItems":[{"Put":{"Item":{"l":{"L":[{"M":{"a":{"S":"` + x("x", 1100) + `"}}}]}}}}]}`: 4,
		`{"TransactItems":[{"Update":{` + key + `,"ExpressionAttributeValues":{":n":{"N":"12345"}}}},` +
			`{"Put":{"Item":{"b":{"B":"` + x("A", 4000) + `"}}}}]}`: 8,
		`{"TransactItems":[{"ConditionCheck":{` + key + `}},{"Delete":{` + key + `}}]}`: 4,
		`nothing`: 0,
	} {
		if got := writeUnits([]byte(body)); got != want {
			t.Errorf("%.80s…: %v units, want %v", body, got, want)
		}
	}
}
