package require

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// pageLimit bounds how long Chromium may take for a page, on a busy machine.
const pageLimit = 2 * time.Minute

// Chromium loads a page in a headless Chromium without network, and returns its document after its
// scripts have run, and what it wrote to the console, such as violations of a
// Content-Security-Policy. If there is no Chromium, the test ends as Missing "chromium".
func Chromium(t testing.TB, url string) (document, console string) {
	t.Helper()
	peer(t, "chromium")
	path := ""
	for _, candidate := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(candidate); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		Missing(t, "chromium", "no chromium on PATH; `apt-get install chromium` installs it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), pageLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
		"--virtual-time-budget=20000", "--dump-dom", url)
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, log.String())
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, ":CONSOLE") {
			console += line
		}
	}
	return out.String(), console
}
