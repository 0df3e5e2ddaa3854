package csv

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

// A layout has the indexes of the columns by their use; -1 if there is none.
type layout struct {
	cert, name, id, check          int
	thingType, billing, status     int
	groups, policies, secrets, all []int // all are those that the uses name, without secrets
	attributes                     []attributeColumn
	template                       manifest.Template // of the thing's name, if a column has it
}

type attributeColumn struct {
	name   string
	column int
}

// locate returns the index of the column of a use, and -1 if the table lacks one that is
// optional. ok is false if it lacks one that is not. names are the headers, or nil.
func locate(use *manifest.ColumnUse, names []string, width int) (column int, ok bool) {
	for _, ref := range use.Refs {
		if ref.Header == "" {
			if ref.Number <= width {
				return ref.Number - 1, true
			}
			continue
		}
		key := manifest.ColumnKey(ref.Header)
		if at := slices.IndexFunc(names, func(name string) bool { return manifest.ColumnKey(name) == key }); at >= 0 {
			return at, true
		}
	}
	return -1, use.Optional
}

// newLayout returns where the columns are in a table with these headers, or nil headers. Its
// errors name a column that is missing, is there twice, or holds a secret.
func newLayout(columns manifest.Columns, names []string, width int) (*layout, error) {
	l := &layout{cert: -1, name: -1, id: -1, check: -1, thingType: -1, billing: -1, status: -1}
	for _, use := range columns.Uses() {
		column, ok := locate(&use, names, width)
		switch {
		case !ok:
			return nil, manifest.UnknownColumns(manifest.Columns{}, "the table has no column %s%s", missing(&use), numberOf(names, width))
		case column < 0:
			continue
		}
		if err := checkColumn(&use, names, column); err != nil {
			return nil, err
		}
		if use.Use != manifest.UseSecret {
			l.all = append(l.all, column)
		}
		l.assign(&use, column)
	}
	if l.cert < 0 {
		return nil, manifest.Errorf(manifest.ReasonUnknownColumns, "no column is said to hold the certificates")
	}
	if l.name >= 0 {
		var err error
		if l.template, err = manifest.ParseTemplate("{column." + strconv.Itoa(l.name+1) + "}"); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *layout) assign(use *manifest.ColumnUse, column int) {
	switch use.Use {
	case manifest.UseCert:
		l.cert = column
	case manifest.UseName:
		l.name = column
	case manifest.UseID:
		l.id = column
	case manifest.UseCheck:
		l.check = column
	case manifest.UseType:
		l.thingType = column
	case manifest.UseBilling:
		l.billing = column
	case manifest.UseStatus:
		l.status = column
	case manifest.UseGroup:
		l.groups = append(l.groups, column)
	case manifest.UsePolicy:
		l.policies = append(l.policies, column)
	case manifest.UseSecret:
		l.secrets = append(l.secrets, column)
	case manifest.UseAttribute:
		l.attributes = append(l.attributes, attributeColumn{use.Attribute, column})
	}
}

// missing returns the columns of a use for a message.
func missing(use *manifest.ColumnUse) string {
	refs := make([]string, len(use.Refs))
	for i, ref := range use.Refs {
		if refs[i] = strconv.Itoa(ref.Number); ref.Header != "" {
			refs[i] = table.QuoteName(ref.Header)
		}
	}
	return strings.Join(refs, " or ")
}

// numberOf returns how many columns a table has, for a message that has no headers to list.
func numberOf(names []string, width int) string {
	if names != nil {
		return ""
	}
	return "; it has " + strconv.Itoa(width)
}

func checkColumn(use *manifest.ColumnUse, names []string, column int) error {
	if names == nil {
		return nil
	}
	name := names[column]
	if use.Use != manifest.UseCert && use.Use != manifest.UseSecret && manifest.SecretColumn(name) {
		return manifest.Errorf(manifest.ReasonSecretColumn, "column %d (%s) holds a secret, which nothing may use",
			column+1, table.QuoteName(name))
	}
	same := 0
	for _, other := range names {
		if manifest.ColumnKey(other) == manifest.ColumnKey(name) {
			same++
		}
	}
	byName := slices.ContainsFunc(use.Refs, func(r manifest.ColumnRef) bool {
		return r.Header != "" && manifest.ColumnKey(r.Header) == manifest.ColumnKey(name)
	})
	if byName && same > 1 {
		return manifest.Errorf(manifest.ReasonDuplicateField, "the header has two columns %s; name the one by its number", table.QuoteName(name))
	}
	return nil
}

// checkSecrets returns an error if a cell that is used is a secret.
func (l *layout) checkSecrets(r *table.Reader) error {
	for _, column := range l.all {
		if column == l.cert {
			continue
		}
		if slices.Contains(l.secrets, column) || manifest.SecretValue(l.cell(r, column)) {
			return manifest.Errorf(manifest.ReasonSecretColumn, "the cell of column %s is a secret, which nothing may use", r.Header.Label(column))
		}
	}
	return nil
}

// cell returns the text of a cell; "" for column -1.
func (l *layout) cell(r *table.Reader, column int) string {
	if column < 0 {
		return ""
	}
	return string(r.Record.Cells[column].Value())
}

// settings returns what the record asks for its device, or nil.
func (l *layout) settings(r *table.Reader) *manifest.Settings {
	s := manifest.Settings{
		ThingType: l.cell(r, l.thingType), BillingGroup: l.cell(r, l.billing), Status: l.cell(r, l.status),
	}
	for _, column := range l.groups {
		s.ThingGroups = appendList(s.ThingGroups, r.Record.Cells[column].Value())
	}
	for _, column := range l.policies {
		s.Policies = appendList(s.Policies, r.Record.Cells[column].Value())
	}
	for _, a := range l.attributes {
		if value := l.cell(r, a.column); value != "" {
			if s.Attributes == nil {
				s.Attributes = make(map[string]string, len(l.attributes))
			}
			s.Attributes[a.name] = value
		}
	}
	if s.ThingType == "" && s.BillingGroup == "" && s.Status == "" && s.ThingGroups == nil && s.Policies == nil && s.Attributes == nil {
		return nil
	}
	return &s
}

// appendList appends the names in a cell, each once. Bars separate them, or else semicolons,
// or else commas, because the names of policies may have commas.
func appendList(list []string, cell []byte) []string {
	separator := []byte(",")
	for _, other := range []string{"|", ";"} {
		if bytes.Contains(cell, []byte(other)) {
			separator = []byte(other)
			break
		}
	}
	for part := range bytes.SplitSeq(cell, separator) {
		if name := string(bytes.TrimSpace(part)); name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
