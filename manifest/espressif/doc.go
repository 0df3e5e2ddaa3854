// Package espressif decodes the CSV manifests of Espressif: those of AWS IoT
// ExpressLink modules, with the columns MAC, cn and cert, and node_certs.csv
// of ESP RainMaker's admin CLI, with node_id and certs.
//
// There is no public specification; what is accepted was measured on files and
// read in the vendor's tools. Names of columns match whatever their case, order
// and blanks, and other columns are passed over. The delimiter is a comma, a
// semicolon or a tab, the text UTF-8 or, with a byte order mark, UTF-16, and
// lines end as they like. A certificate is quoted PEM of many lines, PEM in one
// line with \n written out, or base64 of DER.
//
// Each entry names its device twice, in a column and in the certificate's CN;
// where the two differ, lines were mixed up, and the entry is rejected.
//
// Blank lines, lines of empty cells and lines that begin with # are no entries.
// A quote that is not closed ends the manifest, because which record the text
// after it belongs to is anybody's guess.
package espressif
