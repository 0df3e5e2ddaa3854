// Package environment parses values of environment variables.
package environment

import "strings"

// List splits the value of a variable at commas. Within a value, \, is a comma and \\ a
// backslash. It trims spaces around values. The list of an empty value is one empty string.
func List(value string) []string {
	var list []string
	var one strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && i+1 < len(value) && (value[i+1] == ',' || value[i+1] == '\\'):
			i++
			one.WriteByte(value[i])
		case c == ',':
			list = append(list, strings.TrimSpace(one.String()))
			one.Reset()
		default:
			one.WriteByte(c)
		}
	}
	return append(list, strings.TrimSpace(one.String()))
}
