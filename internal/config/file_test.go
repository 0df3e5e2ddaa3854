package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsHaveTheirTargetAndLine(t *testing.T) {
	t.Parallel()
	text := "\ufeff# all\r\n" + `region = "eu-west-1"
share = 0.5
max-failures = 1_000
policy = [
  "a",
  "b,c",
]
yes = true

[targets.production]
profile = 'prod'
policy = []

[targets.'with blank']
targets.short.sandbox = true
`
	_, err := Parse("f", []byte(text))
	if err == nil || !strings.HasPrefix(err.Error(), "f:16: ") {
		t.Errorf("a target in a target: %v", err)
	}
	text = strings.Replace(text, "targets.short.sandbox = true\n", "", 1) +
		"[targets]\nshort = {sandbox = true, when = 2026-01-01}\nempty = {}\n"
	got, err := Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Path: "f",
		Settings: []Setting{
			{"region", String, []string{"eu-west-1"}, 2},
			{"share", Float, []string{"0.5"}, 3},
			{"max-failures", Integer, []string{"1000"}, 4},
			{"policy", List, []string{"a", "b,c"}, 5},
			{"yes", Boolean, []string{"true"}, 9},
		},
		Targets: []Target{
			{Name: "empty"},
			{"production", []Setting{{"profile", String, []string{"prod"}, 12}, {"policy", List, nil, 13}}},
			{"short", []Setting{{"sandbox", Boolean, []string{"true"}, 17}, {"when", Other, nil, 17}}},
			{Name: "with blank"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A mistake without its line has to be searched for.
func TestMistakesHaveTheirLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a = 1\nb = ":                      "f:2: ",
		"a = 1\n\na = 2":                   "f:3: ",
		"[targets.a]\nx = 1\n[targets.a]":  "f:3: ",
		"targets = 1":                      "f:1: targets is not a table",
		"\n[[targets]]\nx = 1":             "f:2: [[targets]] is an array",
		"\n[[targets.a]]\nx = 1":           "f:2: [[targets.a]] is an array",
		"[targets]\nprod = \"x\"":          "f:2: targets.prod is not a table",
		"[target.prod]\nregion = \"x\"":    "f:1: target.prod has no tables",
		"a.b = 1":                          "f:1: a.b has no tables",
		"a = {b = 1}":                      "f:1: a has no tables",
		"[targets.a]\nregion = {b = 1}":    "f:2: targets.a.region has no tables",
		"[targets.a.region]":               "f:1: targets.a.region has no tables",
		"[targets.\"\"]":                   "f:1: a target needs a name",
		"a = \"\x00\"":                     "f:1: ",
		"a = \"\xff\"":                     "f:1: ",
		strings.Repeat("#", maxFile+1):     "f: the file has more than",
		"a = " + strings.Repeat("[", 5000): "f:1: ",
	} {
		_, err := Parse("f", []byte(text))
		var wrong *Error
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s…", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("region = \"x\"\n[targets.a]\npolicy = [\"b\"]\nshare = 1e-3\n")
	f.Add("targets.a.b = 1\ntargets = {c = {d = \"\"\"\n\"\"\"}}")
	f.Add("[[targets]]\n\"\" = 1979-05-27")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("f", []byte(text))
		if err != nil {
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%v", err)
			}
			return
		}
		lists := [][]Setting{file.Settings}
		for _, target := range file.Targets {
			lists = append(lists, target.Settings)
		}
		for _, settings := range lists {
			names := map[string]bool{}
			for _, s := range settings {
				single := s.Kind != List && s.Kind != Other
				if names[s.Name] || s.Line < 1 || s.Line > strings.Count(text, "\n")+1 || single && len(s.Values) != 1 {
					t.Errorf("%+v", s)
				}
				names[s.Name] = true
			}
		}
	})
}
