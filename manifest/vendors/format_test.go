package vendors_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Users of the table rely on these properties of every format, including future ones.
func TestEveryFormatIsDescribed(t *testing.T) {
	t.Parallel()
	names := vendors.Names()
	if !slices.IsSorted(names) {
		t.Errorf("the formats are not in the order of their names: %v", names)
	}
	for i, f := range vendors.Formats() {
		name := f.Vendor()
		if slices.Contains(names[:i], name) || name != strings.ToLower(name) || f.Title == "" || !strings.HasPrefix(f.Extension, ".") {
			t.Errorf("%q, titled %q, in files named *%s", name, f.Title, f.Extension)
		}
		if _, err := os.Stat(filepath.Join("..", "..", "docs", name+".md")); err != nil {
			t.Errorf("%s has no page: %v", name, err)
		}
		for _, option := range f.Options {
			if !slices.Equal(option.Values, vendors.Values(option.Name)) {
				t.Errorf("%s: option %s has the values %v, but in another format %v", name, option.Name, option.Values, vendors.Values(option.Name))
			}
		}
		_, signed := f.Option(manifest.OptionSigners)
		if signed != (f.ParseSigners != nil) || f.NeedsSigners() && !signed {
			t.Errorf("%s takes signers: %v, but reads them: %v", name, signed, f.ParseSigners != nil)
		}
		if f.Archive != slices.Contains(f.Limits, manifest.LimitDictionaryBytes) {
			t.Errorf("%s: an archive holds a dictionary, and nothing else does", name)
		}
	}
}

// Some format must fill every template field, and templates must be able to name every attribute.
func TestTemplatesKnowTheAttributesOfEveryFormat(t *testing.T) {
	t.Parallel()
	want := map[string]bool{"cn": true, "id": true, "serial": true, "fingerprint": true, "ski": true, "san.dns": true}
	for _, f := range vendors.Formats() {
		for _, attribute := range f.Attributes {
			want[attribute] = true
		}
	}
	have := map[string]bool{}
	for _, field := range manifest.TemplateFields() {
		if !strings.HasPrefix(field, "subject.") { // those of the certificate, whatever the format
			have[field] = true
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("fields of templates (-formats +manifest):\n%s", diff)
	}
}
