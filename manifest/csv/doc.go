// Package csv decodes tables of any source, in which [manifest.Options.Columns] say what
// each column holds. A few tables of known programs need no columns; see [Presets].
//
// The syntax is that of package espressif, which shares the reader, and the delimiter may
// be a bar, too. Lines before the header, such as titles, are passed over. A table
// whose columns are all given by number needs no header.
package csv
