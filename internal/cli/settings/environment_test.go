package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
)

func TestEnvironmentStandsForFlags(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args        []string
		environment map[string]string
		wantType    string
		wantGroups  []string
		wantErr     bool
	}{
		"nothing":       {wantType: "default"},
		"a value":       {environment: map[string]string{"THINGPRESS_THING_TYPE": "sensor"}, wantType: "sensor"},
		"empty is none": {environment: map[string]string{"THINGPRESS_THING_TYPE": ""}, wantType: "default"},
		"the command line wins": {
			args: []string{"--thing-type", "a"}, environment: map[string]string{"THINGPRESS_THING_TYPE": "b"},
			wantType: "a",
		},
		"lists split, flags do not": {
			args: []string{"--thing-group", "a,b"}, wantType: "default", wantGroups: []string{"a,b"},
		},
		"a comma in a value": {
			environment: map[string]string{"THINGPRESS_THING_GROUP": `a\,b, c,d\\e`}, wantType: "default", wantGroups: []string{"a,b", "c", `d\e`},
		},
		"a wrong value": {environment: map[string]string{"THINGPRESS_ADOPT": "perhaps"}, wantErr: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			thingType := flags.String("thing-type", "default", "")
			groups := flags.StringArray("thing-group", nil, "")
			flags.Bool("adopt", false, "")
			if err := flags.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			err := applyLayer(flags, environmentLayer("test", func(name string) (string, bool) {
				value, ok := test.environment[name]
				return value, ok
			}))
			if (err != nil) != test.wantErr {
				t.Fatalf("error %v", err)
			}
			if test.wantErr {
				if exit.Code(err) != exit.Usage {
					t.Errorf("exit code %d", exit.Code(err))
				}
				return
			}
			if *thingType != test.wantType {
				t.Errorf("thing type %q", *thingType)
			}
			if diff := cmp.Diff(test.wantGroups, *groups,
				cmp.Transformer("none", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Error(diff)
			}
		})
	}
}
