package nearest

import "testing"

func TestNearestNamesWhatWasMeantAndNothingElse(t *testing.T) {
	t.Parallel()
	names := []string{"policy", "profile", "partial", "thing-type", "thing-group", "thing-name", "signer", "skip", "status"}
	for word, want := range map[string]string{
		"polcy": "policy", "plicy": "policy", "oplicy": "policy", "thingtype": "thing-type", "thing_group": "thing-group",
		"Signer": "signer", "prof": "profile", "group": "", "x": "", "": "", "certificate": "",
	} {
		if got := Of(word, names); got != want {
			t.Errorf("Of(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "bc", 1}, {"abc", "abcd", 1}, {"abc", "xyz", 3}} {
		if got, back := distance(test.a, test.b), distance(test.b, test.a); got != test.want || back != test.want {
			t.Errorf("distance(%q, %q) = %d, back %d, want %d", test.a, test.b, got, back, test.want)
		}
	}
}
