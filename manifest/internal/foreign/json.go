package foreign

import (
	"bytes"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/azure"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A knownFile is a JSON file about certificates that is not a manifest. It has all the words, in any case.
type knownFile struct {
	words []string
	what  string
	list  azure.Service // of a list that names certificates
}

const hubText = "a list of devices of Azure's IoT Hub, which has the thumbprints of certificates but not the certificates"

var known = []knownFile{
	{
		[]string{`"registrationId"`, `"attestation"`},
		"a list of enrollments of Azure's Device Provisioning Service, which name certificates and rarely have them", azure.DPS,
	},
	{[]string{`"x509Thumbprint"`, `"authentication"`}, hubText, azure.Hub},
	{[]string{`"x509Thumbprint"`, `"authenticationType"`}, hubText, azure.Hub},
	{
		[]string{`"aws_iot_certificate"`, `"instances"`},
		"a Terraform state, which usually has the private keys as well; take the certificates alone out with " +
			"jq -r '.. | .certificate_pem? // empty' FILE > certificates.pem", "",
	},
}

// Error returns the error for a file that [Name] describes, and nil for others.
func Error(head []byte) error {
	if known := knownJSON(stream.Head(head)); known.list != "" {
		return manifest.DeviceList(string(known.list), "this is %s", known.what)
	}
	if what := Name(head); what != "" {
		return manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s", what)
	}
	return nil
}

// JSON returns a description of JSON about certificates that is not a manifest, judged by the beginning of its
// text in UTF-8. It returns "" for other files.
func JSON(text []byte) string { return knownJSON(text).what }

func knownJSON(text []byte) knownFile {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '[' && text[0] != '{' {
		return knownFile{}
	}
	lower := bytes.ToLower(text)
	for _, k := range known {
		all := true
		for _, word := range k.words {
			all = all && bytes.Contains(lower, bytes.ToLower([]byte(word)))
		}
		if all {
			return k
		}
	}
	return knownFile{}
}
