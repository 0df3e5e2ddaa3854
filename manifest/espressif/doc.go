// Package espressif decodes the CSV manifests of Espressif: those of AWS IoT
// ExpressLink modules, with the columns MAC, cn and cert, and node_certs.csv
// of ESP RainMaker's admin CLI, with node_id and certs.
//
// There is no public specification; the accepted syntax follows real files and
// the vendor's tools. Names of columns match regardless of case, order and
// blanks, and other columns are ignored. Only the column with the certificates must
// be there. The delimiter is a comma, a semicolon or a tab. The text is UTF-8 or,
// with a byte order mark, UTF-16, with any line ends. A certificate is quoted PEM
// of many lines, PEM in one line with \n written out, or base64 of DER. Carriage
// returns may be written out as _x000D_.
//
// With a column cn or node_id each entry names its device twice, in the column and
// in the certificate's CN. If the two differ, lines were mixed up, and the entry is
// rejected.
//
// Blank lines, lines of empty cells and lines that begin with # are not entries.
// An unclosed quote ends the manifest, because it is uncertain which record the
// text after it belongs to.
package espressif
