package stacks_test

import (
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

func TestMain(m *testing.M) { clitest.Main(m, cli.Main, cli.System) }

// All scripts share one moto, which is one account.
func TestScripts(t *testing.T) {
	t.Parallel()
	moto := require.Moto(t).URL
	clitest.Attach(t, moto)
	clitest.Scripts(t, "testdata", "THINGPRESS_ENDPOINT_URL="+moto,
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1")
}
