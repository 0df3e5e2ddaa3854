package plain_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/plain"
)

func TestTerminalDoesNotBreakWordsAndCommands(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"short", "twelve of twelve", "twelve of twelve"},
		{
			"continued with an indentation", "  1 rejected: the certificate belongs to an authority",
			"  1 rejected: the\n    certificate\n    belongs to an\n    authority",
		},
		{"blanks within a line", "a  b" + strings.Repeat(" c", 10), "a  b c c c c c c c c\n  c c"},
		{"quoted command", "create it with 'aws iot create-policy', or check", "create it with\n  'aws iot create-policy',\n  or check"},
		{"apostrophe", "the account's values are those of yesterday's", "the account's values\n  are those of\n  yesterday's"},
		{"quote that does not end", "it is 'open and has many words", "it is\n  'open and has many words"},
		{"colours", "\x1b[31m3 rejected\x1b[0m: ab cdef", "\x1b[31m3 rejected\x1b[0m: ab cdef"},
		{"no spaces", strings.Repeat("f", 64), strings.Repeat("f", 64)},
		{"several lines", "one\n\ntwo three four five six seven\n", "one\n\ntwo three four five\n  six seven\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := plain.Wrap(test.text, 20); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if got := plain.Wrap(test.text, 0); got != test.text {
				t.Errorf("a pipe got %q", got)
			}
		})
	}
}

func TestWrappingLosesNoCharacter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-c '(.,\n]{0,60}`).Draw(t, "text")
		width := rapid.IntRange(1, 30).Draw(t, "width")
		bare := func(s string) string { return strings.NewReplacer(" ", "", "\n", "").Replace(s) }
		if got := plain.Wrap(text, width); bare(got) != bare(text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
