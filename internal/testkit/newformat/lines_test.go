package newformat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
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
		line = strings.TrimSpace(line)
		if existing := "Existing" + bucketOf(format.Vendor()); strings.HasPrefix(line, "Parameters: [Existing") {
			if !strings.Contains(line, existing+",") {
				lack(template, existing+" in the metadata of parameters")
			}
			continue
		}
		if strings.HasPrefix(line, "Description:") {
			continue // of outputs that keep the names of the Python Thingpress
		}
		other := namedAfter(line, like.Vendor(), format.Vendor())
		if !have[other] {
			lack(template, other)
			have[other] = true // reported only once
		}
	}
	for _, option := range format.Options {
		if option.Name == manifest.OptionSigners {
			continue // they are in the signer bucket
		}
		parameter := stack.OptionParameter(option.Name)
		if line := parameter + "=${" + parameter + "}"; parameter == "" || !have[line] {
			lack(template, "a parameter for option "+string(option.Name)+", which the decoder reads")
			continue
		}
		_, declared, _ := strings.Cut(files[template], "\n  "+parameter+":\n")
		declared, _, _ = strings.Cut(declared, "Description:")
		allowed := fmt.Sprintf("AllowedValues: [%s]", strings.Join(option.Values, ", "))
		if option.Values != nil && !strings.Contains(declared, allowed) {
			lack(template, parameter+" with "+allowed)
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

// bucketOf returns the name of a vendor's bucket in the template.
func bucketOf(vendor string) string { return stack.BucketResource(vendor) }

// namedAfter returns a line about one vendor's bucket, changed for another vendor.
func namedAfter(line, vendor, other string) string {
	line = strings.ReplaceAll(line, bucketOf(vendor), bucketOf(other))
	return strings.ReplaceAll(line, stack.BucketVariable(vendor), stack.BucketVariable(other))
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
	const name = "!If [NewAcmeBucket, !Ref AcmeBucket, !Ref ExistingAcmeBucket]"
	want := []string{
		"docs/acme.md: the page about the format",
		"README.md: a row of the table of vendors that links docs/acme.md",
		"docs/json.md: the name in the row of vendor",
		"manifest/testdata/vectors/README.md: the name in the row of vendor",
		"stack/template.yaml: ExistingAcmeBucket in the metadata of parameters",
		"stack/template.yaml: ExistingAcmeBucket:",
		`stack/template.yaml: NewAcmeBucket: !Equals [!Ref ExistingAcmeBucket, ""]`,
		"stack/template.yaml: THINGPRESS_ACME_BUCKET: " + name,
		"stack/template.yaml: AcmeBucket:",
		"stack/template.yaml: Condition: NewAcmeBucket",
		"stack/template.yaml: AcmeBucketPolicy:",
		"stack/template.yaml: Bucket: !Ref AcmeBucket",
		`stack/template.yaml: Resource: [!GetAtt AcmeBucket.Arn, !Sub "${AcmeBucket.Arn}/*"]`,
		`stack/template.yaml: - !Sub ["arn:${AWS::Partition}:s3:::${Name}/*", { Name: ` + name + " }]",
		`stack/template.yaml: - !Sub ["arn:${AWS::Partition}:s3:::${Name}", { Name: ` + name + " }]",
		"stack/template.yaml: AcmeBucketName:",
		"stack/template.yaml: Value: " + name,
		"stack/template.yaml: InfineonCertBundleType with AllowedValues: [A, B]",
		"stack/template.yaml: a parameter for option grade, which the decoder reads",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
