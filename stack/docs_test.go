package stack_test

import (
	"fmt"
	"os"
	"regexp"
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

// Users of the Python Thingpress look their parameters and outputs up.
func TestPageForUsersOfThePythonThingpressIsTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/from-python-thingpress.md")
	if err != nil {
		t.Fatal(err)
	}
	parsed := load(t)
	parameters, rest, _ := strings.Cut(string(page), "## Outputs")
	outputs, _, _ := strings.Cut(rest, "## Names")
	named := regexp.MustCompile("`([A-Z][A-Za-z]+)`")
	count := 0
	check := func(section string, cell int, exists func(string) bool) {
		for line := range strings.Lines(section) {
			cells := strings.Split(line, "|")
			if len(cells) <= cell || !strings.HasPrefix(line, "| `") {
				continue
			}
			for _, name := range named.FindAllStringSubmatch(cells[cell], -1) {
				if count++; !exists(name[1]) {
					t.Errorf("the template has no %s", name[1])
				}
			}
		}
	}
	check(parameters, 2, func(name string) bool { return parsed.Parameters[name] != nil })
	check(outputs, 2, func(name string) bool { _, ok := parsed.Outputs[name]; return ok })
	if count < 15 {
		t.Errorf("the page names %d parameters and outputs", count)
	}
	for _, name := range []string{
		"EspressifIngestPoint", "InfineonIngestPoint", "MicrochipIngestPoint", "GeneratedIngestPoint", "MicrochipVerificationCertsBucket",
	} {
		if _, ok := parsed.Outputs[name]; !ok || !strings.Contains(outputs, name) {
			t.Errorf("the output %s is missing", name)
		}
	}
}
