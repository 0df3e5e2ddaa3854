// Command thingpress-lambda is the program of all functions of a stack. The variable
// _HANDLER, which Lambda sets, selects the function.
package main

import (
	"context"
	"os"

	"github.com/thingpress/thingpress/internal/stack/lambda"
)

func main() {
	os.Exit(lambda.Main(context.Background(), os.LookupEnv, os.Stdout))
}
