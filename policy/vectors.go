package policy

import (
	"embed"
	"io/fs"
)

//go:embed testdata/vectors
var vectorFiles embed.FS

// Vectors returns the test vectors of this package, so that another implementation can be held against
// them: evaluate.json, lint.json and parse.json, which README.md describes.
func Vectors() fs.FS {
	files, err := fs.Sub(vectorFiles, "testdata/vectors")
	if err != nil {
		panic(err) // the path is valid
	}
	return files
}
