// Package newformat proves that a new format of manifests is one package and
// one line: it builds thingpress with a fifth format, which only its test data
// has, and names every line that a format lacks in files that cannot read the
// table of formats.
package newformat
