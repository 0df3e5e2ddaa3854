package microchip

// A KnownSigner is a certificate with which Microchip is publicly known to have
// signed manifests. The list serves messages only: only signers given by the
// operator are trusted.
type KnownSigner struct {
	// Name is the certificate's common name.
	Name string
	// SHA256 is the fingerprint of the certificate, lower-case hex.
	SHA256 string
	// NotBefore and NotAfter are its validity, as dates.
	NotBefore, NotAfter string
	// Test marks the signer of test manifests, whose signatures mean nothing for real devices.
	Test bool
}

// KnownSigners returns the publicly known signers, oldest first.
func KnownSigners() []KnownSigner {
	return []KnownSigner{
		{
			Name: "Log Signer Test", SHA256: "55a4c6d45679c609c142ec5269d58e6d74c7da13d12e31d3fb80f355a24cde8a", NotBefore: "2019-01-18",
			NotAfter: "2019-02-18", Test: true,
		},
		{
			Name: "Log Signer 001", SHA256: "4c4738e924f644317f00ebc1b680986bcdfc55620f7cd57fda34ea35ae23e51e", NotBefore: "2019-01-22",
			NotAfter: "2019-07-22",
		},
		{
			Name: "Log Signer 002", SHA256: "53d4ca9b0e1fde21b9e8e191f1857f35cc659340e51b41722fd6839707dbbf50", NotBefore: "2019-08-15",
			NotAfter: "2020-08-15",
		},
		{
			Name: "Log Signer 003", SHA256: "30c7ca720e3ab2d1a0a3bace2d5ad5dafa3f54a09b7d2117addac35aa60a3188", NotBefore: "2020-08-13",
			NotAfter: "2023-08-13",
		},
		{
			Name: "Log Signer 004", SHA256: "d5f961e44082fdd2d198dd407aa1ccf5eb5f38cf5138ebc43845806984173a8f", NotBefore: "2023-07-18",
			NotAfter: "2026-07-18",
		},
		{
			Name: "Manifest Signer 005", SHA256: "571d99841117e3afb34f28886045903fa785cc283dd2e8068e1e5ea4604ce0e3", NotBefore: "2024-03-07",
			NotAfter: "9999-12-31",
		},
	}
}

// known returns the public signer with a fingerprint.
func known(fingerprint string) (KnownSigner, bool) {
	for _, k := range KnownSigners() {
		if k.SHA256 == fingerprint {
			return k, true
		}
	}
	return KnownSigner{}, false
}
