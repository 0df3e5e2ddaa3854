package table

import (
	"crypto/x509"
	"slices"
	"strings"
	"unicode"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
)

// guess returns what the columns of a sample with certificates hold: those of devices, the
// column that repeats the CN, and by their headers those with the ID and the name.
func (s *sample) guess() manifest.Columns {
	leaves := s.leaves()
	check := -1
	for column := range s.width {
		if column != s.cert && check < 0 && s.holdsNames(column, leaves) {
			check = column
		}
	}
	uses := []string{manifest.UseCert + "=" + s.ref(s.cert)}
	if check >= 0 {
		uses = append(uses, manifest.UseCheck+"="+s.ref(check))
	}
	for _, wanted := range []struct {
		use     string
		headers []string
	}{{manifest.UseID, idHeaders()}, {manifest.UseName, nameHeaders()}} {
		for _, header := range wanted.headers {
			at := slices.IndexFunc(s.names, func(name string) bool { return plainKey(name) == header })
			if at >= 0 && at != check && at != s.cert && !s.holdsNames(at, leaves) && s.isFull(at) {
				uses = append(uses, wanted.use+"="+s.ref(at))
				break
			}
		}
	}
	columns, err := manifest.ParseColumns(strings.Join(uses, ","))
	if err != nil {
		return manifest.Columns{} // such as a column that is named like a secret
	}
	return columns
}

// idHeaders and nameHeaders are how headers name the vendor's ID and the thing, without
// punctuation, the most specific first.
func idHeaders() []string {
	return []string{
		"macaddress", "mac", "uniqueid", "chipid", "imei", "eui64", "deveui", "eui", "uuid", "uid", "deviceid", "deviceserial", "serialnumber",
		"serialno", "serial", "sn", "id",
	}
}

func nameHeaders() []string {
	return []string{"thingname", "thing", "devicename", "clientid", "hostname", "name"}
}

// plainKey returns the letters and digits of a header in lower case.
func plainKey(header string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, header)
}

// leaves returns the certificates of the rows, nil for those that cannot be read. If
// another column than s.cert has the devices' it becomes s.cert.
func (s *sample) leaves() []*x509.Certificate {
	leaves, devices := s.certificates(s.cert)
	for column := s.cert + 1; !devices && column < s.width; column++ {
		if others, better := s.certificates(column); better {
			s.cert = column
			return others
		}
	}
	return leaves
}

// certificates returns the certificates in a column, and reports whether they include one
// of a device.
func (s *sample) certificates(column int) (found []*x509.Certificate, devices bool) {
	for _, row := range s.rows {
		var leaf *x509.Certificate
		if all, err := armour.Parse([]byte(row[column])); err == nil {
			leaf = all[0]
			devices = devices || !manifest.IsCA(leaf)
		}
		found = append(found, leaf)
	}
	return found, devices
}

// holdsNames reports whether a column repeats the CNs of the certificates.
func (s *sample) holdsNames(column int, leaves []*x509.Certificate) bool {
	compared := 0
	for i, leaf := range leaves {
		if leaf == nil {
			continue
		}
		if name, err := manifest.CommonName(leaf); err != nil || name != s.rows[i][column] {
			return false
		}
		compared++
	}
	return compared > 0
}

// isFull reports whether every row has a cell of its own in a column.
func (s *sample) isFull(column int) bool {
	seen := map[string]bool{"": true}
	for _, row := range s.rows {
		if seen[row[column]] {
			return false
		}
		seen[row[column]] = true
	}
	return true
}

// ref returns a column as [manifest.ParseColumns] takes it: by its header if that is
// there once and prints.
func (s *sample) ref(column int) string {
	if s.names == nil {
		return manifest.ColumnRef{Number: column + 1}.String()
	}
	name, key := s.names[column], manifest.ColumnKey(s.names[column])
	same := 0
	for _, other := range s.names {
		if manifest.ColumnKey(other) == key {
			same++
		}
	}
	if key == "" || same > 1 || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return manifest.ColumnRef{Number: column + 1}.String()
	}
	return manifest.ColumnRef{Header: name}.String()
}
