package broker

import (
	"strings"
	"testing"
)

// naive is what matches does, level by level.
func naive(filter, topic []string) bool {
	if len(filter) == 0 || len(topic) == 0 {
		return len(filter) == len(topic)
	}
	return filter[0] == "#" || (filter[0] == "+" || filter[0] == topic[0]) && naive(filter[1:], topic[1:])
}

func FuzzFilter(f *testing.F) {
	for _, seed := range [][2]string{
		{"a/#", "a"}, {"a/#", "a/"}, {"a/+/c", "a/b/c"}, {"#", "$aws/a"}, {"+/a", "/a"}, {"$share/g/a", "a"}, {"a//b", "a//b"}, {"a", "a/b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, filter, topic string) {
		if !isFilter(filter) || !isTopic(topic) {
			return
		}
		want := naive(strings.Split(filter, "/"), strings.Split(topic, "/"))
		if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
			want = false
		}
		if got := matches(filter, topic); got != want {
			t.Errorf("%q matches %q: %v", filter, topic, got)
		}
	})
}

func TestTopicsWithinTheLimits(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]bool{
		"a": true, "a/b/c/d/e/f/g/h": true, "a/b/c/d/e/f/g/h/i": false, "": false, "a/+": false, "a\x00": false,
		strings.Repeat("a", 256): true, strings.Repeat("a", 257): false, "$aws/rules/r/a/b/c/d/e/f/g/h": true,
	} {
		if got := isTopic(topic); got != want {
			t.Errorf("%q: %v", topic, got)
		}
	}
	for filter, want := range map[string]bool{
		"a/#": true, "#": true, "+/+": true, "a#": false, "a/#/b": false, "a+/b": false, "$share/g/a": true,
		"$share//a": false, "$share/g": false,
	} {
		if got := isFilter(filter); got != want {
			t.Errorf("%q: %v", filter, got)
		}
	}
}
