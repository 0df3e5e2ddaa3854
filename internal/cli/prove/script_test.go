package prove_test

import (
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, cli.Main, cli.System) }

func TestScripts(t *testing.T) {
	t.Parallel()
	clitest.Scripts(t, "testdata")
}
