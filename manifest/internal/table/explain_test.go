package table

import "testing"

// The advice for random bytes was to convert them from Windows-1252.
func TestBinaryDataIsNotATable(t *testing.T) {
	t.Parallel()
	table := "id,name,cert\n1,M\xfcller,MIIB\n"
	if err := Explain([]byte(table)); err == nil {
		t.Error("a table in Latin-1 is not explained")
	}
	if err := Explain([]byte(table + "\x00\xf8")); err != nil {
		t.Error(err)
	}
}
