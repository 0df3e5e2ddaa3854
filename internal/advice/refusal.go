package advice

import (
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/policy"
)

// WhyRefused returns why policies refuse a request, in words. The names are those of the policies, by the index
// of their documents.
func WhyRefused(d policy.Decision, names []string) string {
	for _, m := range d.Matched {
		if m.Effect == policy.Deny && m.Document < len(names) {
			return fmt.Sprintf("statement %d of policy %s denies it", m.Statement+1, names[m.Document])
		}
	}
	if len(names) == 0 {
		return "the certificate has no policy"
	}
	text := "no statement allows it"
	for _, v := range d.Variables {
		if v.Reason != "" {
			text += "; ${" + v.Name + "} is not substituted: " + strings.TrimSuffix(ForReason(v.Reason).Meaning, ".")
		}
	}
	return text
}
