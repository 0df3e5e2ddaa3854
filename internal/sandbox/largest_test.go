package sandbox

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// Whatever the sandbox acknowledges it must be able to read again, even if a call has the largest
// values and every character of them is escaped.
func TestLargestCallsLeaveAReadableState(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	s := must[*Server](t)(New(Options{StatePath: path}))
	transport := Transport(s)
	const room = maxBody - 200
	fill := func(what string) string { return strings.Repeat(what, room/len(what)) }
	const mqtt5 = `{"thingTypeProperties":{"mqtt5Configuration":`
	entry := `{"userPropertyKey":"k","thingAttribute":"a"}`
	nested := strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000)
	types, dynamic := "/thing-types/%d", "/dynamic-thing-groups/%d"
	for i, c := range []struct{ path, body, code string }{
		{types, `{"thingTypeProperties":{"thingTypeDescription":"` + fill("<") + `"}}`, refused},
		{types, `{"thingTypeProperties":{"searchableAttributes":["` + fill("a") + `"]}}`, refused},
		{types, mqtt5 + `{"propagatingAttributes":[` + fill(entry+",") + entry + `]}}}`, refused},
		{types, mqtt5 + `{"propagatingAttributes":[` + strings.Repeat(entry+",", 99) + entry + `]}}}`, ""},
		{types, mqtt5 + `{"unknown":"` + fill("<") + `"}}}`, ""},
		{types, mqtt5 + `{"unknown":` + nested + `}}}`, ""},
		{types, `{"unknown":"` + fill("\\u0000") + `"}`, ""},
		{dynamic, `{"queryString":"` + fill("<") + `"}`, "InvalidQueryException"},
		{dynamic, `{"queryString":"*","queryVersion":"` + fill("\\u0000") + `"}`, refused},
		{dynamic, `{"queryString":"*","indexName":"` + fill("<") + `"}`, refused},
		{"/thing-groups/%d", `{"thingGroupProperties":{"thingGroupDescription":"` + fill("&") + `"}}`, refused},
		{"/thing-groups/%d", `{"thingGroupProperties":{"attributePayload":{"attributes":{"a":"` + fill("a") + `"}}}}`, refused},
		{"/billing-groups/%d", `{"billingGroupProperties":{"billingGroupDescription":"` + fill("a") + `"}}`, refused},
		{"/things/%d", `{"attributePayload":{"attributes":{"a":"` + fill("a") + `"}}}`, refused},
		{"/policies/%d", `{"policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[]}` + fill(" ") + `"}`, refused},
	} {
		code := bare(t, transport, http.MethodPost, fmt.Sprintf(c.path, i), c.body)
		if code != c.code {
			t.Errorf("call %d, %s of %d bytes: %q, want %q", i, c.body[:60], len(c.body), code, c.code)
		}
	}
	want := registryOf(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := registryOf(open(t, Options{StatePath: path})); got != want {
		t.Errorf("%d bytes of types and groups, %d before:\n%.500s\n%.500s", len(got), len(want), got, want)
	}
}

// registryOf returns types and groups of a sandbox as JSON.
func registryOf(s *Server) (all string) {
	s.backend.store.View(func(st *registry.State) {
		kinds, kindsErr := st.ListThingTypes(&registry.ListThingTypes{})
		groups, groupsErr := st.ListThingGroups(&registry.ListThingGroups{})
		all = string(marshal([]any{kinds.Items, groups.Items, kindsErr, groupsErr}))
		for _, group := range groups.Items {
			description, err := st.DescribeThingGroup(&registry.ByName{Name: group.Name})
			all += fmt.Sprint(string(marshal(description)), err)
		}
	})
	return all
}
