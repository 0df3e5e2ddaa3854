package operate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/stack"
)

// Configuration returns what the functions would read from their environment, and the parameters
// with which imports would begin, after a deployment of a template with these parameters. The others
// keep the values of the stack, or get the template's defaults. Names of resources that do not
// exist yet are placeholders.
//
// The error is that of [stack.ReadConfig], with parameters instead of variables, and that of
// [stack.ReadParameters].
func (a *Account) Configuration(ctx context.Context, name string, template []byte, changed map[string]string,
) (stack.Config, stack.Parameters, error) {
	var parsed struct {
		Parameters map[string]struct{ Default any }
		Resources  map[string]struct {
			Properties struct {
				Environment struct{ Variables map[string]json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(template, &parsed); err != nil {
		return stack.Config{}, stack.Parameters{}, fmt.Errorf("template: %w", err)
	}
	values := map[string]string{}
	for name, p := range parsed.Parameters {
		if p.Default != nil {
			values[name] = fmt.Sprint(p.Default)
		}
	}
	before, err := a.Find(ctx, name)
	switch {
	case err == nil:
		maps.Copy(values, before.Parameters)
	case !errors.Is(err, ErrNoStack):
		return stack.Config{}, stack.Parameters{}, err
	}
	maps.Copy(values, changed)

	environment, named := map[string]string{}, map[string]string{}
	for _, r := range parsed.Resources {
		for variable, raw := range r.Properties.Environment.Variables {
			environment[variable] = "resource" // whose name is not known yet
			var text string
			var reference struct{ Ref string }
			if json.Unmarshal(raw, &text) == nil {
				environment[variable] = text
			} else if json.Unmarshal(raw, &reference) == nil {
				if _, ok := parsed.Parameters[reference.Ref]; ok {
					environment[variable], named[variable] = values[reference.Ref], reference.Ref
				}
			}
		}
	}
	config, err := stack.ReadConfig(func(variable string) (string, bool) {
		value, ok := environment[variable]
		return value, ok
	})
	if err != nil {
		err = errors.New(replaceAll(err.Error(), named))
	}
	parameters, wrong := stack.ReadParameters(func(name string) (string, bool) { value, ok := values[name]; return value, ok })
	return config, parameters, errors.Join(err, wrong)
}

// replaceAll replaces names in a text. A name that begins with another one is not mistaken for it.
func replaceAll(text string, names map[string]string) string {
	longest := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, name := range longest {
		pairs = append(pairs, name, names[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
