package csv

import (
	"bytes"
	"encoding/base64"
	stdcsv "encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// onboard returns a table of n devices without a header.
func onboard(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "csv", N: n, Seed: "csv tests", Out: &b}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// records returns the records of a table of n devices: ID, sub-type, tags, firmware, PEM.
func records(t testing.TB, n int) [][]string {
	t.Helper()
	all, err := stdcsv.NewReader(bytes.NewReader(onboard(t, n))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// decode returns the devices of a table whose rows have certificates in their last column.
func decode(t testing.TB, columns, text string) decodertest.Result {
	t.Helper()
	return decodertest.Collect(t, Decoder{}, decodertest.Input([]byte(text)), manifest.Options{Columns: parseColumns(t, columns)})
}

// A row's settings must reach its own device, and no other.
func TestRowsAskForTheirOwnDevice(t *testing.T) {
	t.Parallel()
	all := records(t, 3)
	cert := func(i int) string { return `"` + all[i][4] + `"` }
	got := decode(t, "cert=pem,group=line,group=site?,group=hall?,policy=policy,type=type,billing=bill,status=state,"+
		"attribute.model=model,attribute.rev=rev",
		"line,policy,type,bill,state,model,rev,hall,pem\n"+
			"line-7| pilot ,\"p1, p2\",pump,factory,inactive,P-4,,hall-2,"+cert(0)+"\n"+
			",,,,,,,,"+cert(1)+"\n"+
			"a;b;a,\"with,comma|x\",,,,,2,,"+cert(2)+"\n")
	var settings []*manifest.Settings
	for _, d := range got.Devices() {
		settings = append(settings, d.Settings)
	}
	want := []*manifest.Settings{
		{
			ThingGroups: []string{"line-7", "pilot", "hall-2"}, Policies: []string{"p1", "p2"}, ThingType: "pump", BillingGroup: "factory",
			Status: "inactive", Attributes: map[string]string{"model": "P-4"},
		},
		nil,
		{ThingGroups: []string{"a", "b"}, Policies: []string{"with,comma", "x"}, Attributes: map[string]string{"rev": "2"}},
	}
	if diff := cmp.Diff(want, settings); diff != "" || got.Final != nil {
		t.Errorf("%v; -want +got:\n%s", got.Final, diff)
	}
}

// A secret must not get out of the decoder.
func TestSecretsAreWithheld(t *testing.T) {
	t.Parallel()
	all := records(t, 1)
	secrets := []string{"qrcode", "POP", "Wifi Password", "psk", "joinKey", "API token", "client_secret", "PIN", "my own"}
	columns := "cert=pem,id=label"
	var cells []string
	for range secrets {
		cells = append(cells, "hunter2")
	}
	got := decode(t, columns+",secret=my own", strings.Join(secrets, ",")+",label,sticker,Public Key,pem\n"+strings.Join(cells, ",")+
		`,L7,"{""ver"":""v1"",""pop"":""hunter2""}",x,"`+all[0][4]+"\"\n")
	if len(got.Devices()) != 1 {
		t.Fatalf("%v, %v", got.Entries, got.Final)
	}
	var names []string
	for _, c := range got.Devices()[0].Columns {
		if strings.Contains(c.Value, "hunter2") {
			t.Errorf("column %s is %q", c.Name, c.Value)
		}
		if !c.Withheld {
			names = append(names, c.Name)
		}
	}
	if diff := cmp.Diff([]string{"label", "Public Key"}, names); diff != "" {
		t.Errorf("columns that may be used (-want +got):\n%s", diff)
	}
	for _, secret := range secrets[:len(secrets)-1] {
		if _, err := manifest.ParseColumns("cert=pem,attribute.x=" + secret); manifest.ReasonOf(err) != manifest.ReasonSecretColumn {
			t.Errorf("attribute.x=%s: %v", secret, err)
		}
		if _, err := manifest.ParseTemplate("{column." + secret + "}"); manifest.ReasonOf(err) != manifest.ReasonSecretColumn {
			t.Errorf("{column.%s}: %v", secret, err)
		}
	}
}

// Without a header, the first record of a table is not a list of names.
func TestMessageAboutAMissingColumnShowsNoCell(t *testing.T) {
	t.Parallel()
	got := decode(t, "cert=9,secret=2", "id1,hunter2,x\nid2,hunter3,x\n")
	if got.Final == nil || strings.Contains(got.Final.Error(), "hunter2") {
		t.Errorf("%v", got.Final)
	}
}

// What the message about an unknown table offers must read it.
func TestGuessReadsTheTable(t *testing.T) {
	t.Parallel()
	all := records(t, 3)
	der := func(i int) string {
		return base64.StdEncoding.EncodeToString(decode(t, "cert=1", `"`+all[i][4]+"\"\n").Devices()[0].Certificate.Raw)
	}
	table := func(separator, header string, cells func(i int) []string) string {
		text := header
		for i := range all {
			text += strings.Join(cells(i), separator) + "\n"
		}
		return text
	}
	for name, test := range map[string]struct{ text, want string }{
		"headers": {
			table(",", "Thing Name,IMEI,Device Certificate\n", func(i int) []string {
				return []string{"pump-" + all[i][0], "35-" + all[i][0], der(i)}
			}),
			"cert=Device Certificate,id=IMEI,name=Thing Name",
		},
		"repeated CN": {
			table(";", "nr;device;c\n", func(i int) []string { return []string{"1", all[i][0], der(i)} }), "cert=c,check=device",
		},
		"titles": {
			table("\t", "Order 7\t\t\n\nDelivered today\t\t\nsn\tx\tc\n", func(i int) []string {
				return []string{all[i][0][:8], "1", der(i)}
			}), "cert=c,id=sn",
		},
		"no header": {table("|", "", func(i int) []string { return []string{all[i][0], der(i)} }), "cert=2,check=1"},
		"a header twice": {
			table(",", "c,id,c\n", func(i int) []string { return []string{"x", all[i][0], der(i)} }), "cert=3,check=id",
		},
		"a comma in the header": {
			table(";", "\"id, long\";\"c, PEM\"\n", func(i int) []string { return []string{all[i][0], der(i)} }), `cert="c, PEM",check="id, long"`,
		},
		"the issuer first": {
			table(",", "issuer,leaf\n", func(i int) []string { return []string{der(0), der(i)} }), "cert=issuer",
		},
	} {
		got := decodertest.Collect(t, Decoder{}, decodertest.Input([]byte(test.text)), manifest.Options{})
		guess := manifest.GuessOf(got.Final)
		if guess.String() != test.want || manifest.ReasonOf(got.Final) != manifest.ReasonUnknownColumns {
			t.Errorf("%s: %s, want %s; %v", name, guess, test.want, got.Final)
			continue
		}
		if read := decode(t, guess.String(), test.text); len(read.Devices()) != len(all) || read.Final != nil {
			t.Errorf("%s: %s reads %d devices of %d; %v", name, guess, len(read.Devices()), len(all), read.Final)
		}
	}
}

// A truncated table must not pass for a complete one, unless no table could tell.
func TestCutTableYieldsItsFirstDevicesAndAnError(t *testing.T) {
	t.Parallel()
	data := onboard(t, 4)
	whole := decodertest.Collect(t, Decoder{}, decodertest.Input(data), manifest.Options{})
	if len(whole.Devices()) != 4 || whole.Final != nil {
		t.Fatalf("%d devices, %v", len(whole.Devices()), whole.Final)
	}
	recordEnd := map[int]bool{len(data): true}
	for _, e := range whole.Entries {
		recordEnd[int(e.End())], recordEnd[int(e.End())-1] = true, true
	}
	rapid.Check(t, func(r *rapid.T) {
		cut := rapid.IntRange(0, len(data)).Draw(r, "cut")
		got := decodertest.Prefix(t, Decoder{}, data, cut, whole.Devices(), manifest.Options{})
		if bad := got.Final != nil || len(got.Devices()) < len(got.Entries); !bad && !recordEnd[cut] {
			r.Fatalf("cut at byte %d of %d inside a record: %d devices and no error", cut, len(data), len(got.Devices()))
		}
	})
}

func TestResumingATableAnywhereYieldsTheTail(t *testing.T) {
	t.Parallel()
	all := records(t, 6)
	text := "Order 7,,\nid,line,pem\n"
	for i, r := range all {
		text += r[0] + ",line-7,\"" + r[4] + "\""
		switch i {
		case 1:
			text += "id,line,pem\n" // joined to another file
		case 3:
			text += "\n# comment\n\nragged\n"
		default:
			text += "\n"
		}
	}
	opts := manifest.Options{Columns: parseColumns(t, "cert=pem,check=id,group=line")}
	in := decodertest.Input([]byte(text))
	whole := decodertest.Collect(t, Decoder{}, in, opts)
	if len(whole.Entries) != 7 || len(whole.Devices()) != 6 || whole.Final != nil {
		t.Fatalf("%d entries, %d devices; %v", len(whole.Entries), len(whole.Devices()), whole.Final)
	}
	decodertest.Resume(t, Decoder{}, in, opts, whole, 0, 1, 2, 3, 4, 5, 6)
}

func TestPresetsSayWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"columns = \"cert=1\"\n":                 "",
		"columns = \"id=1\"\n":                   "cert=",
		"columns = \"cert=1,qr=2\"\n":            `no use "qr"`,
		"title = \"x\"\ncolunms = \"cert=1\"\n":  "line 2",
		"title = \"x\n":                          "line 1",
		"columns = \"cert=1\"\nwidth = 100000\n": "width",
		"columns = \"cert=1,attribute.a=pop\"\n": "secret",
		"columns = \"cert=1,cert=2\"\n":          "twice",
		"columns = \"cert=\"\n":                  "no column",
		"columns = \"cert=1001\"\n":              "1 to 1000",
		"columns = 'cert=\"a'\n":                 "not closed",
		"columns = \"cert=a?|b\"\n":              "question mark",
		"columns = 'cert=\"a\"?|b'\n":            "question mark",
	} {
		_, err := ParsePreset("p", []byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// RainMaker's file asks for the thing groups of its nodes, and its QR codes are secrets.
func TestPresetOfRainMakerReadsItsColumns(t *testing.T) {
	t.Parallel()
	all := records(t, 1)
	text := "node_id,certs,qrcode,admin_groups,model\n" + all[0][0] + ",\"" + all[0][4] +
		"\",\"{\"\"ver\"\":\"\"v1\"\",\"\"pop\"\":\"\"hunter2\"\"}\",\"line-7, hall-2\",P4\n"
	got := decodertest.Collect(t, Decoder{}, decodertest.Input([]byte(text)), manifest.Options{})
	if len(got.Devices()) != 1 {
		t.Fatalf("%v, %v", got.Entries, got.Final)
	}
	d := got.Devices()[0]
	if d.VendorID() != all[0][0] || d.Settings == nil || !cmp.Equal(d.Settings.ThingGroups, []string{"line-7", "hall-2"}) ||
		!d.Columns[2].Withheld || d.Columns[4].Value != "P4" {

		t.Errorf("%+v, %+v", d.Settings, d.Columns)
	}
}
