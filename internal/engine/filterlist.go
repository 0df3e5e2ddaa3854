package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	utf16 "golang.org/x/text/encoding/unicode"

	"github.com/thingpress/thingpress/manifest"
)

const (
	// maxFilterBytes is the size of a list of a million certificate IDs.
	maxFilterBytes = 64 << 20
	// maxFilterNames is what a list of that size has if it names MACs. Shorter names would take gigabytes of memory.
	maxFilterNames = 5_000_000
)

// errManyNames says that a list has more names than maxFilterNames.
var errManyNames = errors.New("list of devices: it has more than 5,000,000 names")

// readLines returns the lines of a list without comments and empty lines.
func readLines(r io.Reader) ([]string, error) {
	text, err := ReadFilterText(r)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
		if len(lines) > maxFilterNames {
			return nil, errManyNames
		}
	}
	return lines, nil
}

// ReadFilterText reads the text of a list of devices, from UTF-16 too. [ReadFilter] reads the same list from its
// result. It refuses private keys, because lines that match no device are printed.
func ReadFilterText(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFilterBytes+1))
	if err != nil {
		return "", fmt.Errorf("list of devices: %w", err)
	}
	if len(text) > maxFilterBytes {
		return "", fmt.Errorf("list of devices: it has more than %d MiB", maxFilterBytes>>20)
	}
	if decoder := decoderOf(text); decoder != nil {
		if text, err = decoder.Bytes(text); err != nil {
			return "", fmt.Errorf("list of devices: %w", err)
		}
	}
	if manifest.HasPrivateKey(text) || manifest.IsPrivateKey(text) {
		return "", manifest.Errorf(manifest.ReasonPrivateKey, "list of devices: the file contains a private key")
	}
	return string(text), nil
}

// decoderOf returns the decoder of text in UTF-16, with a byte order mark or without, and nil for
// other text.
func decoderOf(text []byte) *encoding.Decoder {
	head := text[:min(2, len(text))]
	switch {
	case bytes.Equal(head, []byte{0xff, 0xfe}), len(head) == 2 && head[1] == 0:
		return utf16.UTF16(utf16.LittleEndian, utf16.UseBOM).NewDecoder()
	case bytes.Equal(head, []byte{0xfe, 0xff}), len(head) == 2 && head[0] == 0:
		return utf16.UTF16(utf16.BigEndian, utf16.UseBOM).NewDecoder()
	}
	return nil
}

// splitCells splits a line at any of the delimiters, except between double quotes, and cuts a
// comment at the end. The cells are without quotes and space around them.
func splitCells(line, delimiters string) iter.Seq[string] {
	if strings.Count(line, `"`)%2 != 0 {
		line = strings.ReplaceAll(line, `"`, " ")
	}
	return func(yield func(string) bool) {
		quoted, start := false, 0
		for i, r := range line {
			switch {
			case r == '"':
				quoted = !quoted
			case quoted:
			case r == '#' && i > 0 && (line[i-1] == ' ' || line[i-1] == '\t'):
				yield(unquote(line[start:i]))
				return
			case strings.ContainsRune(delimiters, r):
				if !yield(unquote(line[start:i])) {
					return
				}
				start = i + 1
			}
		}
		yield(unquote(line[start:]))
	}
}

// unquote removes quotes, those of word processors too, brackets, bars, and space around a cell.
// No name has them.
func unquote(cell string) string {
	return strings.TrimFunc(cell, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("\"'`‘’‚‛“”„«»[](){}<>|•\ufeff\u200b", r)
	})
}

// withoutBullet removes what begins a line of a list for people: a dash, an asterisk, or a number
// with a full stop or a bracket, before a space.
func withoutBullet(line string) string {
	mark, rest, ok := strings.Cut(line, " ")
	number := strings.TrimRight(mark, ".)")
	if ok && (mark == "-" || mark == "*" || len(number) == len(mark)-1 && strings.Trim(number, "0123456789") == "") {
		return strings.TrimSpace(rest)
	}
	return line
}

// joinQuoted joins the lines of a table whose cells have line breaks in quotes, such as PEM. A
// quote that is not closed soon was not meant as one.
func joinQuoted(lines []string) []string {
	const most = 1 << 16 // bytes of a row
	joined := make([]string, 0, len(lines))
	for i := 0; i < len(lines); i++ {
		end, open, size := i, strings.Count(lines[i], `"`)%2 != 0, len(lines[i])
		for open && end+1 < len(lines) && size < most {
			end++
			size += len(lines[end])
			open = strings.Count(lines[end], `"`)%2 == 0
		}
		if open {
			end = i
		}
		joined = append(joined, strings.Join(lines[i:end+1], "\n"))
		i = end
	}
	return joined
}

// tableOf returns the columns with names and IDs if the list is a table with a heading.
func tableOf(lines []string) (columns []int, delimiter string) {
	if len(lines) < 2 {
		return nil, ""
	}
	at := strings.IndexAny(lines[0], ",;\t")
	if at < 0 {
		return nil, ""
	}
	delimiter = lines[0][at : at+1]
	column := 0
	for cell := range splitCells(lines[0], delimiter) {
		switch id, ok := foldID(cell); {
		case ok && isLong(id):
			return nil, ""
		case isHeading(cell):
			columns = append(columns, column)
		}
		column++
	}
	return columns, delimiter
}

// isHeading reports whether a cell is the heading of a column with names or IDs: those of the
// vendors' manifests, of our reports, and what people write.
func isHeading(cell string) bool {
	word := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, cell)
	switch word {
	case "mac", "macaddr", "macaddress", "cn", "commonname", "id", "deviceid", "vendorid", "uniqueid", "uid", "chipid", "nodeid",
		"name", "device", "devicename", "devices", "thing", "thingname", "things", "serial", "serialno", "serialnumber", "sn",
		"certificateid", "certid", "certificatearn", "fingerprint", "certfingerprint", "certificatefingerprint", "sha256",
		"sha256fingerprint":
		return true
	}
	return false
}

// isTitle reports whether a line in the place of a heading is one, or a title: it has no words but
// those of headings.
func isTitle(line string) bool {
	words := strings.FieldsFunc(strings.ToLower(line), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool {
		switch word {
		case "address", "addresses", "certificate", "certificates", "chip", "chips", "common", "ids", "import", "list", "macs", "names",
			"no", "node", "number", "numbers", "of", "scrapped", "sha", "256", "skip", "the", "to", "unique", "vendor":
			return false
		}
		return !isHeading(word)
	})
}

// bareName returns a name or ID without what tools put around it: an ARN, a label of openssl, a
// prefix, braces.
func bareName(text string) string {
	if strings.HasPrefix(text, "arn:") {
		return text[strings.LastIndexByte(text, '/')+1:]
	}
	if label, value, ok := strings.Cut(text, "="); ok && strings.HasSuffix(strings.ToLower(label), "fingerprint") {
		text = value
	}
	for _, prefix := range [...]string{"sha256:", "urn:uuid:", "0x"} {
		if len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			text = text[len(prefix):]
		}
	}
	return strings.TrimSpace(strings.Trim(text, "{}"))
}

// foldedMark begins every result of foldID, which is therefore never equal to a name.
const foldedMark = "hex "

// isLong reports whether a result of foldID is as long as a MAC. A shorter name may be hex digits
// by chance, and its case and separators count.
func isLong(id string) bool { return len(id) >= len(foldedMark)+12 }

// foldID returns an ID as hex digits, and reports whether it is one: hex digits, or groups of them
// between which is always the same separator. Groups between spaces must be of two or four
// digits, or several IDs in a line would be one.
func foldID(text string) (id string, ok bool) {
	text = bareName(text)
	separator := rune(0)
	digits := make([]byte, 0, len(foldedMark)+len(text))
	digits = append(digits, foldedMark...)
	group, first := 0, 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'f':
			digits, group = append(digits, byte(r)), group+1
			continue
		case r >= 'A' && r <= 'F':
			digits, group = append(digits, byte(r-'A'+'a')), group+1
			continue
		case !strings.ContainsRune(":-. ", r), separator != 0 && separator != r, group == 0:
			return "", false
		}
		if separator == 0 {
			separator, first = r, group
		}
		if r == ' ' && (group != first || group != 2 && group != 4) {
			return "", false
		}
		group = 0
	}
	if group == 0 || separator == ' ' && group != first {
		return "", false
	}
	return string(digits), true
}
