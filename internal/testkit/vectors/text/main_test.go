package main

import (
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/vectors/vectorstest"
)

func TestCommittedVectorsAreWhatTheSourceWrites(t *testing.T) {
	t.Parallel()
	vectorstest.Committed(t, require.Root(t), files(), "espressif", "generated", "certificate", "nxp", "pem-json", "tpm-xml")
}
