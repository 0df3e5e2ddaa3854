package foreign

import "bytes"

// known are JSON files about certificates that are no manifests. A file has all the words.
var known = []struct {
	words []string
	what  string
}{
	{
		[]string{`"registrationId"`, `"attestation"`},
		"a list of enrollments of Azure's Device Provisioning Service, which name certificates and rarely have them; " +
			"take out those that are there with " +
			"jq -r '.[].attestation.x509.clientCertificates.primary.certificate // empty' FILE > certificates.txt",
	},
	{
		[]string{`"x509Thumbprint"`, `"authentication"`},
		"an export of Azure's IoT Hub, which has the thumbprints of certificates but not the certificates",
	},
	{
		[]string{`"aws_iot_certificate"`, `"instances"`},
		"a Terraform state, which usually has the private keys as well; take the certificates alone out with " +
			"jq -r '.. | .certificate_pem? // empty' FILE > certificates.pem",
	},
}

// JSON returns a description of JSON about certificates that is no manifest, judged by the beginning of its
// text in UTF-8. It returns "" for other files.
func JSON(text []byte) string {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '[' && text[0] != '{' {
		return ""
	}
	for _, k := range known {
		all := true
		for _, word := range k.words {
			all = all && bytes.Contains(text, []byte(word))
		}
		if all {
			return k.what
		}
	}
	return ""
}
