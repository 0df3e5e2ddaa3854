// Command microchip writes the Microchip test vectors: small manifests, good and
// bad, each next to the result that a reader must have. The same source always
// writes the same bytes. From the module's root:
//
//	go run ./internal/testkit/vectors/microchip manifest/testdata/vectors
package main

import (
	"os"

	"github.com/thingpress/thingpress/internal/testkit/vectors"
)

func main() { os.Exit(vectors.Main(os.Args, os.Stderr, files())) }
