// Command thingpress-lambda is the program of all functions of a stack. Lambda
// says in _HANDLER which of them to be.
package main

import (
	"context"
	"os"

	"github.com/thingpress/thingpress/internal/stack/lambda"
)

func main() {
	os.Exit(lambda.Main(context.Background(), os.LookupEnv, os.Stdout))
}
