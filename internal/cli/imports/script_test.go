package imports_test

import (
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

func TestMain(m *testing.M) { clitest.Main(m, cli.Main, cli.System) }

func TestScripts(t *testing.T) {
	t.Parallel()
	clitest.Scripts(t, "testdata", "VERSION_1="+filepath.Join(require.Root(t), "internal", "ledger", "sqlite", "testdata", "version-1"))
}
