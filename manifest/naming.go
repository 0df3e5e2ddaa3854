package manifest

import "strings"

// A Naming is a template, and the thing name that it gives a device.
type Naming struct {
	Template, Name string
}

// Namings returns templates that give a device thing names that AWS IoT accepts,
// best first. At least {fingerprint} does if the device has a certificate.
func Namings(d *Device) []Naming {
	if d.Certificate == nil {
		return nil
	}
	var found []Naming
	add := func(template, name string) {
		for _, n := range found {
			if n.Name == name {
				return
			}
		}
		if validThingName(name) {
			found = append(found, Naming{template, name})
		}
	}
	fields := []string{"cn", "id", fieldSANDNS, subjectPrefix + "serialnumber", "serial", "ski", "fingerprint"}
	values := make(map[string]string, len(fields))
	for _, field := range fields {
		if value, err := d.field(field); err == nil && (field != "id" || !d.IDIsCN) {
			values[field] = value
		}
	}
	add("{cn}", values["cn"])
	add("{id}", values["id"])
	for _, field := range fields {
		add("{"+field+"}", values[field])
		if values[field] != unspecificName {
			add(mapped(field, values[field]))
		}
	}
	return found
}

// Widened returns the naming that does what both n and m do, if they replace characters
// of the same field in the same way. Its name is that of n. No name has the characters
// that only m replaces, for AWS IoT does not accept them.
func (n Naming) Widened(m Naming) (widened Naming, ok bool) {
	if head, _, _ := strings.Cut(n.Template, "|"); !strings.HasPrefix(m.Template, head+"|") {
		return n, false
	}
	field, ours, to, ok := n.replacement()
	theirField, theirs, theirTo, alsoOK := m.replacement()
	if !ok || !alsoOK || field != theirField || to != theirTo {
		return n, false
	}
	for _, c := range theirs {
		if !strings.ContainsRune(ours, c) {
			ours += string(c)
		}
	}
	return Naming{replacing(field, ours, to), n.Name}, true
}

// replacement returns the parts of a template of one field and one modifier that
// replaces characters.
func (n Naming) replacement() (field, from, to string, ok bool) {
	t, err := ParseTemplate(n.Template)
	if err != nil || len(t.parts) != 1 || len(t.parts[0].modifiers) != 1 || t.parts[0].modifiers[0].kind != modifierReplace {
		return "", "", "", false
	}
	m := t.parts[0].modifiers[0]
	return t.parts[0].field, m.from, m.to, true
}

// replacing returns the template of a field whose characters from are replaced.
func replacing(field, from, to string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `|`, `\|`, `}`, `\}`).Replace(from)
	return "{" + field + "|replace:" + escaped + ":" + to + "}"
}

// unspecificName is the CN of every certificate that AWS IoT issues.
const unspecificName = "AWS IoT Certificate"

// mapped returns the template that replaces the characters of a value that thing
// names cannot have, and the name. It replaces ASCII characters that print, and
// removes those at the ends if there are no others.
func mapped(field, value string) (template, name string) {
	var odd strings.Builder
	for _, c := range value {
		switch {
		case strings.ContainsRune(nameCharacters, c) || strings.ContainsRune(odd.String(), c):
		case c < ' ' || c > '~':
			return "", ""
		default:
			odd.WriteRune(c)
		}
	}
	m := modifier{kind: modifierReplace, from: odd.String(), to: "_"}
	if validThingName(strings.Trim(value, m.from)) {
		m.to = ""
	}
	name, _ = m.apply(value) // replacing has no errors
	return replacing(field, m.from, m.to), name
}
