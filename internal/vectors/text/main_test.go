package main

import (
	"testing"

	"github.com/thingpress/thingpress/internal/requiretest"
	"github.com/thingpress/thingpress/internal/vectors/vectorstest"
)

func TestCommittedVectorsAreWhatTheSourceWrites(t *testing.T) {
	t.Parallel()
	vectorstest.Committed(t, requiretest.Root(t), files(), "espressif", "generated", "certificate")
}
