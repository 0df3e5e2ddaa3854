package manifest

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Column is the cell of an entry in one column of a table.
type Column struct {
	// Name is the header of the column; "" if there is none.
	Name string
	// Value is the cell; "" if it is withheld.
	Value string
	// Withheld is set if the cell is a certificate, a secret or very long.
	Withheld bool
}

// columnPrefix begins the fields of a [Template] that are cells of a table.
const columnPrefix = "column."

// columnField returns the cell of a column that is given by its header or its number.
func (d *Device) columnField(name string) (string, error) {
	key := ColumnKey(name)
	at := slices.IndexFunc(d.Columns, func(c Column) bool { return c.Name != "" && ColumnKey(c.Name) == key })
	if at < 0 {
		if number, err := strconv.Atoi(name); err == nil && number >= 1 && number <= len(d.Columns) {
			at = number - 1
		}
	}
	switch {
	case at < 0:
		return "", Errorf(ReasonNoName, "the manifest has no column %s to fill {%s%s} with", Quote(name), columnPrefix, name)
	case d.Columns[at].Withheld:
		return "", Errorf(ReasonSecretColumn, "column %s holds a secret or a certificate, which {%s%s} cannot use",
			Quote(name), columnPrefix, name)
	case d.Columns[at].Value == "":
		return "", noValue(columnPrefix + name)
	}
	return d.Columns[at].Value, nil
}

// SecretColumn reports whether a column with this header holds a secret of the device, such
// as its password, judged by the words of the header.
func SecretColumn(header string) bool {
	words := wordsOf(header)
	for i, word := range words {
		public := i > 0 && slices.Contains(publicWords(), words[i-1])
		describing := i+1 < len(words) && slices.Contains(describingWords(), words[i+1])
		key := word == "key" || word == "keys"
		if slices.Contains(secretWords(), word) || key && !public && !describing {
			return true
		}
	}
	joined := strings.Join(words, "")
	return slices.ContainsFunc(secretParts(), func(part string) bool { return strings.Contains(joined, part) })
}

// secretWords are words of headers that name a secret.
func secretWords() []string {
	return []string{
		"qr", "pop", "pwd", "pw", "psk", "secret", "secrets", "token", "tokens", "seed", "pin", "puk", "otp", "ki", "opc",
		"credential", "credentials",
	}
}

// secretParts are parts of words that name a secret.
func secretParts() []string {
	return []string{
		"qrcode", "qrpayload", "password", "passwd", "passphrase", "passcode", "pincode", "setupcode", "proofofpossession", "secret", "token",
		"privatekey", "privkey", "apikey", "appkey", "nwkkey", "appskey", "joinkey", "devicekey", "masterkey", "symmetrickey", "sharedkey",
		"presharedkey", "sharedaccess", "connectionstring", "mnemonic",
	}
}

// publicWords before key, and describingWords after it, make it no secret.
func publicWords() []string { return []string{"public", "pub", "foreign", "primary"} }

func describingWords() []string {
	return []string{"id", "identifier", "type", "size", "length", "usage", "algorithm", "alg", "slot"}
}

// wordsOf returns the words of a header in lower case. A capital after a small letter begins a word.
func wordsOf(header string) []string {
	var b strings.Builder
	before := ' '
	for _, c := range header {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			b.WriteByte(' ')
		case unicode.IsUpper(c) && unicode.IsLower(before):
			b.WriteByte(' ')
			fallthrough
		default:
			b.WriteRune(unicode.ToLower(c))
		}
		before = c
	}
	return strings.Fields(b.String())
}

// SecretValue reports whether a cell looks like a secret of the device whatever its column
// is called: JSON with a password, as in the QR codes of Espressif, or the payload of a QR
// code that sets a device up.
func SecretValue(cell string) bool {
	cell = strings.TrimSpace(cell)
	if strings.HasPrefix(cell, "{") {
		for i, part := range strings.Split(cell, `"`) {
			if i%2 == 1 && SecretColumn(part) {
				return true
			}
		}
	}
	payloads := []string{"MT:", "X-HM://", "WIFI:", "DPP:"}
	return slices.ContainsFunc(payloads, func(prefix string) bool { return strings.HasPrefix(cell, prefix) })
}
