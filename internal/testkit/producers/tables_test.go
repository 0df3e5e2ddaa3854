package producers

import (
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

func TestLibreOffice(t *testing.T) {
	t.Parallel()
	// The tokens of the filters are delimiter, quote, encoding and first line. All columns are read as text.
	convert := func(delimiter, encoding, dir string) string {
		return `"$P" --headless --convert-to 'csv:Text - txt - csv (StarCalc):` + delimiter + `,34,` + encoding +
			`,1,,0,false,true,false' --infilter='CSV:44,34,76,1,1/2/2/2/3/2' --outdir ` + dir + ` reel.csv; test -s ` + dir + `/reel.csv`
	}
	const comma, semicolon, tab, utf8, utf16, latin1 = "44", "59", "9", "76", "65535", "12"
	produce(t, require.Producer(t, "soffice"), []production{
		{name: "commas, UTF-8", script: convert(comma, utf8, "a"), file: "a/reel.csv"},
		{name: "semicolons, UTF-8", script: convert(semicolon, utf8, "b"), file: "b/reel.csv"},
		{name: "semicolons, UTF-16", script: convert(semicolon, utf16, "c"), file: "c/reel.csv"},
		{name: "tabs, UTF-16", script: convert(tab, utf16, "d"), file: "d/reel.csv"},
		{name: "commas, Latin-1", script: convert(comma, latin1, "e"), file: "e/reel.csv"},
		{
			name: "a spreadsheet", script: `"$P" --headless --convert-to xlsx --infilter='CSV:44,34,76,1,1/2/2/2/3/2' --outdir f reel.csv`,
			file: "f/reel.xlsx", reason: manifest.ReasonUnsupportedFormat,
		},
	})
}

// Nordic's generator makes the certificates itself, and writes a row for each into a table.
func TestNRFCloudUtils(t *testing.T) {
	t.Parallel()
	programs, dir := require.NRFCloudUtils(t), t.TempDir()
	call := func(name string, args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), filepath.Join(programs, name), args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	found := func(pattern string) string {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		return paths[0]
	}
	call("create_ca_cert", "-c", "NO", "-f", "authority-")
	var ids []string
	for i := range 3 {
		call("create_device_credentials", "--ca", found("authority-*_ca.pem"), "--ca-key", found("authority-*_prv.pem"), "-c", "NO",
			"--cn", fmt.Sprintf("nrf-35145722%07d", i), "-f", fmt.Sprintf("d%d-", i), "--csv", "onboard.csv")
		text, err := os.ReadFile(found(fmt.Sprintf("d%d-*_crt.pem", i)))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		if block == nil {
			t.Fatalf("%s is not PEM", text)
		}
		ids = append(ids, manifest.CertificateIDOf(block.Bytes).String())
	}
	file, err := os.Open(filepath.Join(dir, "onboard.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	in := manifest.Input{Name: "onboard.csv", Reader: file, Size: info.Size()}
	compareDevices(t, in, ids, "")
	devices, err := read(t, in)
	if err != nil || devices[0].Vendor != "csv" || devices[0].ThingName != "nrf-351457220000000" {
		t.Errorf("%+v: %v", devices, err)
	}
}
