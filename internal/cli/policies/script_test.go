package policies_test

import (
	"context"
	"os"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

func TestMain(m *testing.M) {
	clitest.Main(m, func() { os.Exit(cli.Main(context.Background(), os.Args[1:], cli.System())) })
}

func TestScripts(t *testing.T) {
	t.Parallel()
	clitest.Scripts(t, "testdata")
}
