package target

import (
	"strings"
	"testing"
)

// One endpoint under two spellings would have two ledgers, and two imports at once.
func TestEndpointHasOneSpelling(t *testing.T) {
	t.Parallel()
	for spelled, want := range map[string]string{
		"":                            "",
		"http://127.0.0.1:5000":       "http://127.0.0.1:5000",
		"http://h":                    "http://h",
		"http://h/":                   "http://h",
		"http://h//":                  "http://h",
		"HTTP://H:80/":                "http://h",
		"http://h:":                   "http://h",
		"https://H.example:443":       "https://h.example",
		"https://h:80":                "https://h:80",
		"http://h/Path/":              "http://h/Path",
		"http://[::1]:80":             "http://[::1]",
		"http://[2001:DB8::1]:4566//": "http://[2001:db8::1]:4566",
	} {
		if got, err := normalEndpoint(spelled); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", spelled, got, err, want)
		}
	}
}

func TestEndpointWithoutSenseIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{
		"http://user:secret@h", "http://secret@h/", "https://:secret@h", "secret", "ftp://secret", "http://", "http://h?secret",
		"http://user:secret@h:port", "//secret", "http://h#secret",
	} {
		f := AccountFlags{EndpointURL: wrong}
		if err := f.CheckEndpoint(); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestOnlyPlainTextToOtherMachinesIsExposed(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]bool{
		"": false, "https://h": false, "http://localhost:5000": false, "http://iot.localhost": false, "http://127.0.0.9": false,
		"http://[::1]:1": false, "http://[::ffff:127.0.0.1]": false, "http://h": true,
		"http://10.0.0.1:5000": true, "http://localhost.example": true, "http://127.0.0.1.nip.io": true,
	} {
		if got := isExposed(endpoint); got != want {
			t.Errorf("%q: %v", endpoint, got)
		}
	}
}
