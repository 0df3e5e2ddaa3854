package registry

import (
	"errors"
	"net/http"

	language "github.com/thingpress/thingpress/policy"
)

// checkDocument refuses a policy document that AWS refuses. The messages about the size and
// about resources are AWS's.
func checkDocument(text string) error {
	_, err := language.Parse(text)
	var refused *language.ParseError
	if !errors.As(err, &refused) {
		return err
	}
	malformed := func(format string, args ...any) error {
		return Refuse(http.StatusBadRequest, "MalformedPolicyException", "Policy document is Malformed: "+format, args...)
	}
	switch refused.Code {
	case language.TooLong:
		return Invalid("Policy cannot be created - size exceeds hard limit (%d)", language.MaxSize)
	case language.BadResource:
		return malformed("The following resources are invalid: %s", Shorten(refused.Text))
	}
	return malformed("%v", refused)
}
