package csv

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// Spreadsheets leave out empty cells at the ends of rows, and other programs end each cell with a
// delimiter. Devices would be lost, but one whose group may be among the missing cells must not be imported.
func TestRowsMayLackOrHaveEmptyCellsAtTheEnd(t *testing.T) {
	t.Parallel()
	all := records(t, 5)
	cert := func(i int) string { return `"` + all[i][4] + `"` }
	text := "id,pem,line,remark,date\n" +
		"a," + cert(0) + ",line-7,new,2026\n" +
		"b," + cert(1) + ",line-8\n" +
		"c," + cert(2) + ",,,,,\n" +
		"d," + cert(3) + ",line-7,new,2026,more\n" +
		"e," + cert(4) + "\n"
	got := decode(t, "cert=pem,id=id,group=line", text)
	if got.Final != nil || len(got.Entries) != 5 || len(got.Devices()) != 3 {
		t.Fatalf("%d entries, %d devices, %v", len(got.Entries), len(got.Devices()), got.Final)
	}
	for i, want := range []string{3: "6 columns, where the header has 5", 4: "2 columns, where the header has 5"} {
		if want != "" && (got.Entries[i].Err == nil || !strings.Contains(got.Entries[i].Err.Error(), want)) {
			t.Errorf("entry %d: %v, want %s", i, got.Entries[i].Err, want)
		}
	}
	if devices := decode(t, "cert=pem,id=id", text).Devices(); len(devices) != 4 {
		t.Errorf("without a group, %d devices of 4", len(devices))
	}
}

// What databases and old programs leave in tables costs no device and no table.
func TestRulesAndMarksOfOtherProgramsArePassedOver(t *testing.T) {
	t.Parallel()
	all := records(t, 2)
	der := func(i int) []byte { return decode(t, "cert=1", `"`+all[i][4]+"\"\n").Devices()[0].Certificate.Raw }
	rows := func(before, separator, after, begin string) string {
		return before + all[0][0] + separator + begin + hex.EncodeToString(der(0)) + after + "\n" +
			before + all[1][0] + separator + begin + hex.EncodeToString(der(1)) + after + "\n"
	}
	for name, text := range map[string]string{
		"psql":        " device | pem \n--------+-----\n" + rows(" ", " | ", " ", `\x`),
		"MySQL":       "+---+---+\n| device | pem |\n+---+---+\n" + rows("| ", " | ", " |", "0x") + "+---+---+\n",
		"Markdown":    "| device | pem |\n|:---|---:|\n" + rows("| ", " | ", " |", ""),
		"apostrophes": "'device','pem'\n" + rows("'", "','", "'", ""),
		"Ctrl-Z":      "device,pem\r\n" + strings.ReplaceAll(rows("", ",", "", ""), "\n", "\r\n") + "\x1a",
		"copy a+b":    "device,pem\n" + rows("", ",", "", "") + "\x1a" + "device,pem\n\x1a",
	} {
		got := decode(t, "cert=pem,check=device", text)
		if len(got.Devices()) != 2 || len(got.Entries) != 2 || got.Final != nil {
			t.Errorf("%s: %d entries, %d devices, %v", name, len(got.Entries), len(got.Devices()), got.Final)
		}
		guessed := decodertest.Collect(t, Decoder{}, decodertest.Input([]byte(text)), manifest.Options{})
		if guess := manifest.GuessOf(guessed.Final).String(); guess != "cert=pem,check=device" {
			t.Errorf("%s: guess %q; %v", name, guess, guessed.Final)
		}
	}
}

// A message with half of a header, and an order to name the other half, would not lead to a table that is read.
func TestTableInAnotherEncodingIsSaidToBe(t *testing.T) {
	t.Parallel()
	all := records(t, 1)
	text := "Ger\xe4t,pem\n" + all[0][0] + `,"` + all[0][4] + "\"\n"
	for _, columns := range []string{"", "cert=Zert", "cert=pem,check=Gerät", "cert=pem"} {
		got := decode(t, columns, text)
		if got.Final == nil || !strings.Contains(got.Final.Error(), "iconv -f ISO-8859-1") || !manifest.GuessOf(got.Final).IsZero() {
			t.Errorf("%q: %v", columns, got.Final)
		}
	}
}

// A header that is there twice needs an order that tells the columns apart.
func TestColumnThatIsThereTwiceIsGuessedByItsNumber(t *testing.T) {
	t.Parallel()
	all := records(t, 1)
	text := "device,pem,pem\n" + all[0][0] + `,"` + all[0][4] + `","` + all[0][4] + "\"\n"
	got := decode(t, "cert=pem", text)
	guess := manifest.GuessOf(got.Final).String()
	if manifest.ReasonOf(got.Final) != manifest.ReasonDuplicateField || guess != "cert=2,check=device" {
		t.Fatalf("guess %q; %v", guess, got.Final)
	}
	if devices := decode(t, guess, text).Devices(); len(devices) != 1 {
		t.Errorf("%s reads %d devices", guess, len(devices))
	}
}
