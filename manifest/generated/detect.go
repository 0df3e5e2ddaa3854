package generated

import (
	"bytes"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A shape is how the certificates of a file are written.
type shape int

const (
	shapeNone   shape = iota
	shapeLines        // a line is an entry
	shapeBlocks       // a PEM block is an entry; text between blocks is ignored
)

// shapeOf judges by the first line that begins a certificate.
func shapeOf(head []byte) shape {
	text := stream.Head(head)
	first := bytes.TrimLeft(text, " \t\r\n")
	if len(first) == 0 || first[0] == '{' || first[0] == '[' || bytes.IndexByte(text, 0) >= 0 ||
		(espressif.Decoder{}).Detect(head, 0) { // cells of these tables contain PEM, too

		return shapeNone
	}
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		switch {
		case bytes.HasPrefix(line, []byte("#")):
		case bytes.HasPrefix(unwrap(line), beginLine), bytes.HasPrefix(line, beginLine):
			return shapeBlocks
		case bytes.Contains(line, beginLine):
			return shapeNone // a cell of a table
		case begins(line):
			return shapeLines
		}
	}
	return shapeNone
}

func cutLine(text []byte) (line, rest []byte) {
	at := bytes.IndexAny(text, "\r\n")
	if at < 0 {
		return text, nil
	}
	return text[:at], text[at+1:]
}

// explain returns an error that says what a file is that is not a list of certificates.
func explain(head []byte) error {
	text := bytes.TrimLeft(stream.Head(head), " \t\r\n")
	line, _ := cutLine(text)
	if bytes.HasPrefix(line, []byte("{")) && bytes.Contains(bytes.ToLower(line), []byte("certificate")) {
		return manifest.Errorf(manifest.ReasonUnsupportedFormat,
			"this is JSON Lines; write the certificates as PEM blocks, or one in base64 on each line")
	}
	if label := foreignLabel(text); label != "" {
		what := armour.What(label)
		if what == "" {
			what = "a PEM block " + manifest.Quote(label)
		}
		return manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s, not a list of certificates", what)
	}
	return nil
}

// foreignLabel returns the label of the first PEM block if it is not a
// certificate, such as a request.
func foreignLabel(text []byte) string {
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if !bytes.HasPrefix(line, beginLine) {
			continue
		}
		switch label := armour.Label(line); label {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			return ""
		default:
			return label
		}
	}
	return ""
}
