// Command thingpress-lambda is the program of all functions of a stack. Lambda sets
// the environment variable _HANDLER, which selects the function.
package main

import (
	"context"
	"os"

	"github.com/thingpress/thingpress/internal/stack/lambda"
)

func main() {
	os.Exit(lambda.Main(context.Background(), os.LookupEnv, os.Stdout))
}
