package generated

import (
	"bytes"
	"cmp"

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
	shapeDER          // certificates or PKCS #7 containers in DER, one after the other
)

// shapeOf judges by the first line that begins a certificate or a PEM block.
func shapeOf(head []byte) shape {
	if armour.BeginsCertificate(head) || armour.BeginsPKCS7(head) {
		return shapeDER
	}
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
	if what := nameJSON(text); what != "" {
		return manifest.Errorf(manifest.ReasonUnsupportedFormat,
			"this is %s; take the certificates out and write them as PEM blocks, or one in base64 on each line", what)
	}
	label := onlyForeign(head)
	if label == "" {
		return nil
	}
	what := armour.What(label)
	if what == "" {
		what = "a PEM block " + manifest.Quote(label)
	}
	return manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s, not a list of certificates", what)
}

// nameJSON returns what JSON with certificates is; "" if text is not such JSON.
func nameJSON(text []byte) string {
	if !bytes.Contains(bytes.ToLower(text), []byte("certificate")) {
		return ""
	}
	lines := 0 // that are objects
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if line = bytes.TrimSpace(line); bytes.HasPrefix(line, []byte("{")) && bytes.HasSuffix(line, []byte("}")) {
			lines++
		}
	}
	switch {
	case bytes.HasPrefix(text, []byte("[")):
		return "a JSON array"
	case !bytes.HasPrefix(text, []byte("{")):
		return ""
	case lines > 1:
		return "JSON Lines"
	}
	return "a JSON object"
}

// onlyForeign returns the label of the first PEM block if head has PEM blocks, such
// as requests, and no certificate.
func onlyForeign(head []byte) string {
	text := stream.Head(head)
	if shape := shapeOf(head); shape != shapeBlocks {
		return ""
	}
	first := ""
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if begins(line) {
			return ""
		}
		for at := bytes.Index(line, beginLine); at >= 0; at = bytes.Index(line, beginLine) {
			line = line[at:]
			switch label := armour.Label(line); {
			case label == "CERTIFICATE", label == "X509 CERTIFICATE", label == "TRUSTED CERTIFICATE", armour.IsPKCS7Label(label):
				return ""
			default:
				first = cmp.Or(first, label)
			}
			line = line[len(beginLine):]
		}
	}
	return first
}
