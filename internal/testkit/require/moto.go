package require

import (
	_ "embed"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// motoScript starts moto with AWS's certificate IDs, the SHA-256 of the DER; by
// default moto hashes the PEM text. When a stack is deleted it keeps resources with the
// DeletionPolicy RetainExceptOnCreate, which moto would delete. It serves until its standard input closes, so
// that it ends with the test process, however that ends. For port 0 the system
// chooses a port, which is in the log.
//
//go:embed motoserver.py
var motoScript string

// MotoServer is a running moto, which keeps AWS APIs, such as IoT and STS, in the
// memory of a child process.
type MotoServer struct {
	// URL is the base address, such as http://127.0.0.1:41873, without a trailing
	// slash. Any region and any static credentials work. The account is
	// 123456789012.
	URL string
}

// Moto starts a moto for the test and ends it with the test. If the test fails it
// shows moto's log. Without a Python that has moto 5.2.1 the test ends as Missing
// "moto".
func Moto(t testing.TB) *MotoServer {
	t.Helper()
	peer(t, "moto")
	var tried []string
	for _, candidate := range pythons(t) {
		python, err := exec.LookPath(candidate)
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		server, err := startMoto(t, python)
		if err == nil {
			return server
		}
		tried = append(tried, fmt.Sprintf("%s: %v", python, err))
	}
	Missing(t, "moto", strings.Join(tried, "; ")+"; `make venv` installs it")
	return nil
}

// startMoto runs moto and returns after it has answered a request.
func startMoto(t testing.TB, python string) (*MotoServer, error) {
	t.Helper()
	cmd := exec.Command(python, "-c", motoScript) //nolint:noctx // it outlives the test's context: cleanups may still call moto
	cmd.Env = clean()
	url, err := startServer(t, cmd, motoAddress, "/moto-api/data.json")
	if err != nil {
		return nil, err
	}
	return &MotoServer{URL: url}, nil
}

var motoAddress = regexp.MustCompile(`Running on http://127\.0\.0\.1:(\d+)\D`)
