package manifest_test

import (
	"errors"
	"testing"

	"github.com/thingpress/thingpress/manifest"
)

func TestFileErrorNamesItsPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  manifest.FileError
		want string
	}{
		{manifest.FileError{}, "m.csv: broken"},
		{manifest.FileError{Vendor: "espressif", Line: 1}, "espressif: m.csv (line 1): broken"},
		{manifest.FileError{Vendor: "microchip", Entry: 1, Offset: 9}, "microchip: m.csv: after 1 entry (byte 9): broken"},
		{manifest.FileError{Vendor: "espressif", Entry: 2, Line: 3, Offset: 99}, "espressif: m.csv: after 2 entries (line 3, byte 99): broken"},
	} {
		test.err.Manifest, test.err.Err = "m.csv", errors.New("broken")
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
