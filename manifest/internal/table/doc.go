// Package table reads manifests that are tables: CSV with commas, semicolons, tabs or bars,
// as spreadsheets and programs write it. It knows no columns; a decoder finds the header.
//
// Blank lines, lines of empty cells, lines that begin with #, and repetitions of the header
// are not entries. Tables that were joined without a line end between them are read as one.
package table
