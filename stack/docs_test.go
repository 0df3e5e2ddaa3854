package stack_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Operators look parameters up in the guide's table.
func TestGuideNamesEveryParameterWithItsDefault(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/stack.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.HasPrefix(line, "| `") {
			documented[strings.Trim(cells[1], " `")] = strings.Trim(cells[2], " `")
		}
	}
	parsed := load(t)
	for name, p := range parsed.Parameters {
		if name == "CodeBucket" || name == "CodeKey" || name == "CodeVersion" {
			continue
		}
		if value, ok := documented[name]; !ok || value != fmt.Sprint(p["Default"]) {
			t.Errorf("docs/stack.md says that %s is %q by default (named: %v), the template says %v", name, value, ok, p["Default"])
		}
	}
	for name := range documented {
		if parsed.Parameters[name] == nil && strings.HasPrefix(name, strings.ToUpper(name[:1])) && !strings.Contains(name, " ") {
			t.Errorf("docs/stack.md has a parameter %s, the template has not", name)
		}
	}
}
