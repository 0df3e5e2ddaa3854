package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

const (
	macA, macB   = "7C9EBD000000", "7C9EBD000001"
	uuidA, uuidB = "00000001-1111-4222-8333-00000000004d", "00000002-1111-4222-8333-00000000004d"
	arn          = "arn:aws:iot:eu-west-1:111122223333:"
	sumColons    = "8B:B7:D2:C5:6E:2D:4E:93:F5:C0:11:D7:84:43:6A:5F:8C:CB:E1:42:8E:4D:A9:66:59:B1:17:84:68:2A:C3:79"
	sumA         = "8bb7d2c56e2d4e93f5c011d784436a5f8ccbe1428e4da96659b11784682ac379"
)

func filterDevices(t *testing.T) []*manifest.Device {
	t.Helper()
	certificate, err := manifest.ParseCertificateID(sumA)
	if err != nil {
		t.Fatal(err)
	}
	return []*manifest.Device{
		{ID: macA, ThingName: uuidA, CertificateID: certificate},
		{ID: macB, ThingName: uuidB},
		{ID: "0123abc0000000ff01", ThingName: "sensor-1"},
		{ID: "board 7", ThingName: "Sensor-1"},
		{ID: "0A", ThingName: "de-ad"},
	}
}

func inUTF16(text, mark string) string {
	out := []byte(mark)
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// People copy names and IDs from tools, labels and spreadsheets. A list of scrapped chips that
// matches none of them lets them be imported.
func TestListNamesTheDevicesThatAPersonMeans(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		list      string
		want      []int // devices
		unmatched []string
	}{
		"as in the manifest":         {list: macA + "\n" + uuidB + "\n" + sumA + "\n", want: []int{0, 1}},
		"lower case":                 {list: strings.ToLower(macA), want: []int{0}},
		"upper case":                 {list: strings.ToUpper(uuidB) + "\n0123ABC0000000FF01", want: []int{1, 2}},
		"colons":                     {list: "7c:9e:bd:00:00:00", want: []int{0}},
		"dashes":                     {list: "7C-9E-BD-00-00-01", want: []int{1}},
		"dots":                       {list: "7c9e.bd00.0001", want: []int{1}},
		"spaces":                     {list: "7C 9E BD 00 00 01", want: []int{1}},
		"UUID without dashes":        {list: strings.ReplaceAll(uuidA, "-", ""), want: []int{0}},
		"UUID in braces":             {list: "{" + strings.ToUpper(uuidA) + "}", want: []int{0}},
		"UUID as a URN":              {list: "urn:uuid:" + uuidB, want: []int{1}},
		"hexadecimal prefix":         {list: "0x0123ABC0000000FF01", want: []int{2}},
		"openssl":                    {list: "SHA256 Fingerprint=" + sumColons, want: []int{0}},
		"ARNs":                       {list: arn + "cert/" + sumA + "\n" + arn + "thing/sensor-1", want: []int{0, 2}},
		"quotes":                     {list: "\"" + macA + "\"\n'" + macB + "'\n“sensor-1”", want: []int{0, 1, 2}},
		"several in a line":          {list: macA + "," + macB + "; sensor-1\tSensor-1", want: []int{0, 1, 2, 3}},
		"spaces between":             {list: macA + " " + macB, want: []int{0, 1}},
		"space in an ID":             {list: "board 7\n", want: []int{3}},
		"space, partly":              {list: macA + " board", want: []int{0}, unmatched: []string{"board"}},
		"trailing comma":             {list: macA + ",\n" + macB + ",,\n", want: []int{0, 1}},
		"byte order mark":            {list: "\ufeff" + macA, want: []int{0}},
		"UTF-16":                     {list: inUTF16(macA+"\r\n"+macB+"\r\n", "\xff\xfe"), want: []int{0, 1}},
		"UTF-16 without mark":        {list: inUTF16(macA+"\r\n", ""), want: []int{0}},
		"line ends of a Mac":         {list: macA + "\r" + macB, want: []int{0, 1}},
		"comments":                   {list: "# scrapped\n" + macA + " # broken\n", want: []int{0}},
		"a heading":                  {list: "MAC\n" + macA, want: []int{0}},
		"a heading, quoted":          {list: "\"Thing Name\"\nsensor-1", want: []int{2}},
		"a heading of several words": {list: "Device MAC address\n" + macA, want: []int{0}},
		"a title":                    {list: "Devices to import:\n" + macA, want: []int{0}},
		"no title":                   {list: "Devices of Berlin\n" + macA, want: []int{0}, unmatched: []string{"Devices of Berlin"}},
		"bullets":                    {list: "- " + macA + "\n* " + macB + "\n• sensor-1", want: []int{0, 1, 2}},
		"numbers":                    {list: "1. " + macA + "\n2) " + macB, want: []int{0, 1}},
		"an array":                   {list: "[\"" + macA + "\", \"" + macB + "\"]", want: []int{0, 1}},
		"bars":                       {list: "| MAC |\n|---|\n| " + macA + " |", want: []int{0}, unmatched: []string{"---"}},
		"a pattern":                  {list: "sensor-*", unmatched: []string{"sensor-*"}},
		"an unknown sentence":        {list: macA + "\nno such device", want: []int{0}, unmatched: []string{"no such device"}},
		"a manifest": {
			list: "MAC,cn,cert\n" + macA + "," + uuidA + ",\"-----BEGIN\nMII" + macB + "\n-----END\n\"\n7C9EBD0000FF,x,\"-----BEGIN\n\"\n",
			want: []int{0}, unmatched: []string{"7C9EBD0000FF,x,\"-----BEGIN"},
		},
		"a table with an open quote": {list: "MAC,remark\n" + macA + ",3\"\n" + macB + ",", want: []int{0, 1}},
		"no heading":                 {list: "sensor\nsensor-1", want: []int{2}, unmatched: []string{"sensor"}},
		"only a heading":             {list: "mac\n", unmatched: []string{"mac"}},
		"table":                      {list: "MAC;remark\n" + macA + ";\"scrapped; twice\"\n" + macB + ";", want: []int{0, 1}},
		"table, unmatched row":       {list: "remark,MAC\n" + macA + ",7C9EBD0000FF\n", unmatched: []string{macA + ",7C9EBD0000FF"}},
		"our report": {
			list: "import,manifest,entry,line,outcome,id,thing_name,certificate_id,certificate_arn,reason,detail,steps,at\n" +
				"0198,reel.csv,0,2,failed," + macA + "," + uuidA + "," + sumA + ",,conflict-status,\"ACTIVE, not INACTIVE\",,\n",
			want: []int{0},
		},
		"no table":                 {list: macA + ",remark\n" + macB, want: []int{0, 1}, unmatched: []string{"remark"}},
		"a name's case counts":     {list: "SENSOR-1", unmatched: []string{"SENSOR-1"}},
		"a short name's case, too": {list: "DE-AD\ndead", unmatched: []string{"DE-AD", "dead"}},
		"a short ID's does not":    {list: "0a", want: []int{4}},
		"part of an ID":            {list: "7C9EBD", unmatched: []string{"7C9EBD"}},
		"twice":                    {list: macA + "\n" + strings.ToLower(macA), want: []int{0}},
		"nothing":                  {list: "\n# nothing\n \"\" ,\n"},
		"an open quote":            {list: "\"" + macA + "\n" + macB, want: []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := ReadFilter(strings.NewReader(test.list))
			if err != nil {
				t.Fatal(err)
			}
			var found []int
			for i, d := range filterDevices(t) {
				if f.Names(d) {
					found = append(found, i)
				}
			}
			if diff := cmp.Diff(test.want, found); diff != "" {
				t.Errorf("devices: %s", diff)
			}
			if diff := cmp.Diff(test.unmatched, f.Unmatched()); diff != "" {
				t.Errorf("unmatched: %s", diff)
			}
			if f.Matched() != (len(test.want) > 0) || f.Usable() != (len(test.want)+len(test.unmatched) > 0) {
				t.Errorf("matched %v, usable %v", f.Matched(), f.Usable())
			}
		})
	}
}

// Lines that match no device are printed. Those of a key must not be.
func TestListWithAPrivateKeyIsRefused(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	armoured := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	wide := "\xff\xfe" + strings.Join(strings.Split(armoured, ""), "\x00") + "\x00"
	for name, list := range map[string]string{
		"PEM": armoured, "PEM among names": "sensor-1\n" + armoured, "DER": string(der), "UTF-16": wide,
	} {
		if _, err := ReadFilter(strings.NewReader(list)); manifest.ReasonOf(err) != manifest.ReasonPrivateKey {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// The digest is part of an import's key. With another one, an import that version 0.1.0 began
// would not be resumed.
func TestDigestOfAListStays(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"b\na\n", "\ufeffa\r\n# c\r\n\r\n b \r\na"} {
		f, err := ReadFilter(strings.NewReader(list))
		if err != nil {
			t.Fatal(err)
		}
		const want = "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78"
		if f.Digest() != want {
			t.Errorf("%q: %s", list, f.Digest())
		}
	}
}

// A rejected entry exists, although nothing but its ID could be read.
func TestRejectedEntryIsNotReportedAsMissing(t *testing.T) {
	t.Parallel()
	only, err := ReadFilter(strings.NewReader(macA + "\n" + macB))
	if err != nil {
		t.Fatal(err)
	}
	judge := NewJudge(Settings{Only: only})
	judge.Begin("reel.csv")
	rejected := manifest.Errorf(manifest.ReasonMalformedEntry, "rubbish")
	judge.Next(nil, &manifest.EntryError{ID: macA, Reason: manifest.ReasonMalformedEntry, Err: rejected})
	if diff := cmp.Diff([]string{macB}, only.Unmatched()); diff != "" {
		t.Error(diff)
	}
}

// A list within the limit of its size took five gigabytes.
func TestListWithTooManyNamesIsRefused(t *testing.T) {
	t.Parallel()
	for _, separator := range []string{"\n", ","} {
		if _, err := ReadFilter(strings.NewReader(strings.Repeat("a"+separator, maxFilterNames+1))); !errors.Is(err, errManyNames) {
			t.Errorf("%q: %v", separator, err)
		}
	}
}

func FuzzReadFilter(f *testing.F) {
	for _, seed := range []string{
		macA + "," + macB + "\n", "MAC;remark\n" + macA + ";\"a;b\"", "\xff\xfea\x00", "{" + uuidA + "}", "\"", "# x",
		"SHA256 Fingerprint=8B:B7", "arn:",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		filter, err := ReadFilter(strings.NewReader(list))
		if err != nil {
			return
		}
		before := len(filter.Unmatched())
		if filter.Usable() != (before > 0) {
			t.Errorf("usable %v with %d lines", filter.Usable(), before)
		}
		for _, name := range filter.Unmatched() {
			filter.Names(&manifest.Device{ThingName: name, ID: name})
		}
		lines, err := readLines(strings.NewReader(list))
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := tableOf(lines)
		if after := filter.Unmatched(); columns == nil && len(after) > 0 || len(after) > before {
			t.Errorf("%q names no device of that name", after)
		}
	})
}
