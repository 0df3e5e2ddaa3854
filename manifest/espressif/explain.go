package espressif

import (
	"bytes"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

// explain returns an error that says what a file is that is not an Espressif
// manifest, judged by its beginning from the first record on. It returns nil if it
// does not know.
func explain(text []byte) error {
	_, n, names, _, found := sniff(text, true)
	if found != table.Parsed {
		n = len(text)
	}
	first := text[:n]
	has := func(wanted ...string) bool {
		for _, name := range wanted {
			if !slices.Contains(names, name) {
				return false
			}
		}
		return true
	}
	if header := headerless(names); header != "" {
		return manifest.Errorf(manifest.ReasonUnknownFormat,
			"these are the records of an Espressif manifest without its header: put a line with the names of the columns before them: %s", header)
	}
	unsupported := func(what string) error { return manifest.Errorf(manifest.ReasonUnsupportedFormat, "%s", what) }
	switch {
	case len(names) == 5 && bytes.Contains(first, []byte("-----BEGIN CERTIFICATE-----")):
		return unsupported("this looks like Nordic's onboard.csv for nRF Cloud (five columns without a header), " +
			"which is not a manifest of Espressif's")
	case has("imei", "uuid") || len(names) == 3 && isIMEI(names[0]):
		return unsupported("this looks like Nordic's attestation_tokens.csv, which has tokens and no certificates")
	case has("key", "type", "encoding", "value"):
		return unsupported("this describes a flash partition (esp_secure_cert or NVS), which is not a list of devices")
	case has(columnNodeID) && !has(columnCert) && !has(columnCerts):
		return unsupported("this looks like RainMaker's node_ids.csv, which has no certificates; the manifest is node_certs.csv next to it")
	case len(names) > 0 && strings.HasPrefix(names[0], "tlv"):
		return unsupported("this describes an esp_secure_cert partition, which is not a list of devices")
	}
	return table.Explain(text)
}

// headerless returns the column names that a manifest without a header should
// have, judged by its cells. It returns "" if they are not a device's.
func headerless(cells []string) string {
	names := map[string]bool{}
	order := make([]string, len(cells))
	for i, cell := range cells {
		name := columnCN
		if _, err := normalMAC(cell); err == nil {
			name = "MAC"
		} else if strings.HasPrefix(cell, "-----begincertificate-----") {
			name = columnCert
		}
		names[name], order[i] = true, name
	}
	if len(cells) != 3 || len(names) != 3 {
		return ""
	}
	return strings.Join(order, ", ")
}

func isIMEI(text string) bool {
	text = strings.TrimPrefix(text, "nrf-")
	if len(text) != 15 {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}
