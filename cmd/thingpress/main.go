// Command thingpress imports the devices of vendors' certificate manifests into AWS IoT Core.
package main

import (
	"context"
	"os"

	"github.com/thingpress/thingpress/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.System()))
}
