package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/xdg"
)

// stateFile is the name of the sandbox's file in the state directory.
const stateFile = "sandbox.state"

// StatePath returns the path of the file with the embedded sandbox's state.
func (f *Flags) StatePath() (string, error) {
	if f.SandboxState != "" {
		return f.SandboxState, nil
	}
	dir, err := xdg.StateDir()
	if err != nil {
		return "", exit.WithHint(err, "name the file with --sandbox-state")
	}
	return filepath.Join(dir, stateFile), nil
}

// connectSandbox connects to the embedded sandbox, or to a copy of it in memory.
func (f *Flags) connectSandbox(ctx context.Context, inMemory bool) (*Connection, error) {
	state, err := f.StatePath()
	if err != nil {
		return nil, err
	}
	server, err := sandbox.New(sandbox.Options{StatePath: state, Copy: inMemory, Region: f.Region})
	if errors.Is(err, sandbox.ErrLocked) {
		return nil, exit.WithHint(err, "wait until the other command has ended, or use another state with --sandbox-state")
	}
	if err != nil {
		return nil, err
	}
	client, err := awsiot.Open(ctx, awsiot.Options{
		Region: server.Region(), Endpoint: "http://sandbox.invalid", Transport: sandbox.Transport(server), Sandbox: true,
		Version: version.Current(),
	})
	if err == nil && f.Account != "" && f.Account != server.Account() {
		err = fmt.Errorf("the sandbox is account %s, not %s", server.Account(), f.Account)
	}
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	to := ledger.Target{Partition: "aws", Account: server.Account(), Region: server.Region(), Sandbox: server.ID()}
	return &Connection{
		Target: to, Spelled: to, Client: client, embedded: server, strict: f.StrictNames, end: server.Close,
	}, nil
}

// ConnectToCopy connects like [Flags.Connect]. With --sandbox it connects to a copy of the embedded
// sandbox in memory, so that the sandbox is not changed and an import that runs in it is not
// disturbed.
func (f *Flags) ConnectToCopy(ctx context.Context, warnings io.Writer) (*Connection, error) {
	if !f.Sandbox {
		return f.Connect(ctx, warnings)
	}
	return f.connectSandbox(ctx, true)
}
