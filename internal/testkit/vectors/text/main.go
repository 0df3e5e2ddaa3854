// Command text writes the test vectors of the formats that are text: Espressif,
// generated, NXP, JSON with PEM and the XML of TPMs, and those of single certificates. Each is a small manifest,
// good or bad, next to the result that a reader must have. The same source always
// writes the same bytes. From the module's root:
//
//	go run ./internal/testkit/vectors/text manifest/testdata/vectors
package main

import (
	"os"

	"github.com/thingpress/thingpress/internal/testkit/vectors"
)

func main() { os.Exit(vectors.Main(os.Args, os.Stderr, files())) }
