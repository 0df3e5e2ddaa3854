package cli_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A program that reaches text/template's execution keeps every exported method of
// all its types, which doubles its size. internal/cli must print without it.
func TestTheProgramExecutesNoTemplates(t *testing.T) {
	t.Parallel()
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", clitest.Built(t)).Output()
	if err != nil {
		t.Fatalf("list symbols: %v", err)
	}
	if !strings.Contains(string(symbols), "thingpress/internal/cli.Main") {
		t.Fatal("the list of symbols does not have those of the program")
	}
	if strings.Contains(string(symbols), "text/template.(*Template).Execute") {
		t.Error("text/template is executed: the linker keeps every method of the AWS SDK")
	}
}
