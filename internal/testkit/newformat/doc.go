// Package newformat proves that a new format of manifests needs only one package
// and one line. It builds thingpress with a fifth format, which only its test data
// has. It also reports every line that a format lacks in files that cannot read
// the table of formats.
package newformat
