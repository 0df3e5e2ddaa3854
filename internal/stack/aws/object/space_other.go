//go:build !linux

package object

// freeSpace does nothing here: the functions run on Linux.
func freeSpace(string) (free int64, known bool) { return 0, false }
