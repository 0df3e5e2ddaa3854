// Package environment reads values that the environment of a process holds.
package environment

import "strings"

// List splits the value of a variable that stands for several: at commas, where
// \, is a comma and \\ a backslash inside a value. Spaces around values are
// dropped. The list of an empty value is one empty string.
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
