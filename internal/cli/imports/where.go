package imports

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/ledger"
)

// Follow makes the target of an import that of a command, as far as no flag names another one.
func Follow(t *target.Flags, to ledger.Target) {
	switch {
	case t.Sandbox || t.EndpointURL != "":
	case to.Sandbox != "" && t.Profile == "":
		t.Sandbox = true
	case to.Endpoint != "":
		t.EndpointURL = to.Endpoint
	}
	if t.Region == "" {
		t.Region = to.Region
	}
}

// IsTarget reports whether an import with this target went where a connection leads.
func IsTarget(c *target.Connection, to ledger.Target) bool { return to == c.Target || to == c.Spelled }

// CheckTarget refuses a connection to another account, region or sandbox than that of an import.
func CheckTarget(c *target.Connection, id string, to ledger.Target) error {
	switch {
	case IsTarget(c, to):
		return nil
	case to.Sandbox != "" && to.Sandbox != c.Target.Sandbox && c.Target.Sandbox != "":
		return exit.WithHint(fmt.Errorf("import %s went into another sandbox", id), "name the file with its state with --sandbox-state")
	}
	return exit.WithHint(fmt.Errorf("import %s went into %s, not into %s", id, TargetName(to), c),
		"select the credentials and the region of the import with --profile and --region")
}
