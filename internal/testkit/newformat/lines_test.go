package newformat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// missingLines returns the lines that a format lacks in files below root that
// cannot read the table of formats. Its lines of the template are those that
// another format, like, has for its bucket.
func missingLines(root string, format, like manifest.Format) ([]string, error) {
	var missing []string
	lack := func(file, what string) { missing = append(missing, file+": "+what) }
	files := map[string]string{}
	for _, name := range []string{"README.md", "docs/json.md", "manifest/testdata/vectors/README.md", "stack/template.yaml"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		files[name] = string(content)
	}
	page := "docs/" + format.Vendor() + ".md"
	if _, err := os.Stat(filepath.Join(root, page)); err != nil {
		lack(page, "the page about the format")
	}
	if !strings.Contains(files["README.md"], "]("+page+") |") {
		lack("README.md", "a row of the table of vendors that links "+page)
	}
	for _, name := range []string{"docs/json.md", "manifest/testdata/vectors/README.md"} {
		row := lineWith(files[name], "| `vendor` |")
		if !strings.Contains(row, "`"+format.Vendor()+"`") {
			lack(name, "the name in the row of vendor")
		}
	}
	const template = "stack/template.yaml"
	have := map[string]bool{}
	for line := range strings.Lines(files[template]) {
		have[strings.TrimSpace(line)] = true
	}
	for line := range strings.Lines(files[template]) {
		other := namedAfter(strings.TrimSpace(line), like.Vendor(), format.Vendor())
		if !have[other] {
			lack(template, other)
			have[other] = true // reported only once
		}
	}
	for _, option := range format.Options {
		if option.Name == manifest.OptionSigners {
			continue // they are in the signer bucket
		}
		variable := "THINGPRESS_" + strings.ToUpper(string(option.Name)) + ": !Ref "
		_, parameter, ok := strings.Cut(lineWith(files[template], variable), variable)
		if !ok {
			lack(template, variable+"and a parameter for option "+string(option.Name))
			continue
		}
		_, declared, _ := strings.Cut(files[template], "\n  "+strings.TrimSpace(parameter)+":\n")
		declared, _, _ = strings.Cut(declared, "Description:")
		allowed := fmt.Sprintf("AllowedValues: [%s]", strings.Join(option.Values, ", "))
		if option.Values != nil && !strings.Contains(declared, allowed) {
			lack(template, strings.TrimSpace(parameter)+" with "+allowed)
		}
	}
	return missing, nil
}

// lineWith returns the first line that contains part.
func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// namedAfter returns a line about one vendor's bucket, changed for another vendor.
func namedAfter(line, vendor, other string) string {
	title := func(name string) string { return strings.ToUpper(name[:1]) + name[1:] + "Bucket" }
	line = strings.ReplaceAll(line, title(vendor), title(other))
	return strings.ReplaceAll(line, strings.ToUpper(vendor)+"_BUCKET", strings.ToUpper(other)+"_BUCKET")
}

// Files that cannot read the table of formats must have the lines of each format.
func TestFilesThatCannotReadTheTableHaveEveryFormat(t *testing.T) {
	t.Parallel()
	formats := vendors.Formats()
	for i := range formats {
		like := formats[(i+1)%len(formats)]
		missing, err := missingLines(require.Root(t), formats[i], like)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range missing {
			t.Errorf("%s is missing in %s", formats[i].Vendor(), line)
		}
	}
}

// A named is an existing format under another name.
type named struct {
	manifest.Decoder
	name string
}

func (n named) Vendor() string { return n.name }

// A developer who adds a format must learn of every line that it still lacks.
func TestMissingLinesOfANewFormatAreNamed(t *testing.T) {
	t.Parallel()
	acme := manifest.Format{Decoder: named{name: "acme"}, Options: []manifest.FormatOption{
		{Name: manifest.OptionSigners},
		{Name: manifest.OptionSlot},
		{Name: manifest.OptionBundle, Values: []string{"A", "B"}},
		{Name: "grade"},
	}}
	got, err := missingLines(require.Root(t), acme, vendors.Formats()[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"docs/acme.md: the page about the format",
		"README.md: a row of the table of vendors that links docs/acme.md",
		"docs/json.md: the name in the row of vendor",
		"manifest/testdata/vectors/README.md: the name in the row of vendor",
		"stack/template.yaml: THINGPRESS_ACME_BUCKET: !Ref AcmeBucket",
		"stack/template.yaml: AcmeBucket:",
		"stack/template.yaml: AcmeBucketPolicy:",
		"stack/template.yaml: Bucket: !Ref AcmeBucket",
		`stack/template.yaml: Resource: [!GetAtt AcmeBucket.Arn, !Sub "${AcmeBucket.Arn}/*"]`,
		`stack/template.yaml: - !Sub "${AcmeBucket.Arn}/*"`,
		"stack/template.yaml: - !GetAtt AcmeBucket.Arn",
		"stack/template.yaml: AcmeBucketName:",
		"stack/template.yaml: Value: !Ref AcmeBucket",
		"stack/template.yaml: InfineonCertBundleType with AllowedValues: [A, B]",
		"stack/template.yaml: THINGPRESS_GRADE: !Ref and a parameter for option grade",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
