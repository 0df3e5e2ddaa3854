package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// call is one call of an operation.
type call struct {
	request *http.Request
	body    []byte
	strict  bool
	name    string
	param   string // decoded parameter in the path

	// A handler sets the parameters, and whether the call changed the state.
	in      any
	changed bool
}

// key returns [Call.Key].
func (c *call) key() string {
	if in, ok := c.in.(interface{ Subject() string }); ok {
		return in.Subject()
	}
	return c.param
}

// backend is the part of the server that handlers use.
type backend struct {
	store   *registry.Store
	quotas  *quotas
	applied map[string]float64
}

// A handler performs an operation. A nil result stands for an empty one.
type handler func(b backend, c *call) (result any, err error)

// describe returns the handler of an operation that reads.
func describe[In, Out any](op func(*registry.State, *In) (Out, error)) handler {
	bind := binder[In]()
	return func(b backend, c *call) (any, error) {
		in, err := bind(c)
		if err != nil {
			return nil, err
		}
		var out Out
		b.store.View(func(st *registry.State) { out, err = op(st, in) })
		return out, err
	}
}

// list returns the handler of an operation that returns a page. Items and token are the names
// of these members in the answer.
func list[In, Item any](items, token string, op func(*registry.State, *In) (registry.Page[Item], error)) handler {
	return describe(func(st *registry.State, in *In) (map[string]any, error) {
		page, err := op(st, in)
		if err != nil {
			return nil, err
		}
		out := map[string]any{items: page.Items}
		if page.Next != "" {
			out[token] = page.Next
		}
		return out, nil
	})
}

// create returns the handler of an operation that writes and has a result.
func create[In, Out any](op func(*registry.State, *In) (Out, []registry.Change, error)) handler {
	bind := binder[In]()
	return func(b backend, c *call) (any, error) {
		in, err := bind(c)
		if err != nil {
			return nil, err
		}
		if slow, ok := any(in).(interface{ Prepare(strict bool) error }); ok { // without the lock
			if err := slow.Prepare(c.strict); err != nil {
				return nil, err
			}
		}
		var out Out
		c.changed, err = b.store.Change(func(st *registry.State) (changes []registry.Change, err error) {
			out, changes, err = op(st, in)
			return changes, err
		})
		return out, err
	}
}

// change returns the handler of an operation that writes and has no result.
func change[In any](op func(*registry.State, *In) ([]registry.Change, error)) handler {
	return create(func(st *registry.State, in *In) (struct{}, []registry.Change, error) {
		changes, err := op(st, in)
		return struct{}{}, changes, err
	})
}

// binder returns a function that reads the parameters of an operation from a call. Those with
// the tag path, query or header are strings in that place; all others are in the body.
func binder[In any]() func(*call) (*In, error) {
	type outside struct {
		index       []int
		place, name string
	}
	var fields []outside
	body, query := false, false
	for _, f := range reflect.VisibleFields(reflect.TypeFor[In]()) {
		inBody := f.IsExported() && !f.Anonymous
		for _, place := range []string{"path", "query", "header"} {
			if name, ok := f.Tag.Lookup(place); ok {
				fields, inBody = append(fields, outside{f.Index, place, name}), false
				query = query || place == "query"
			}
		}
		body = body || inBody
	}
	return func(c *call) (*In, error) {
		in := new(In)
		c.in = in
		if body && len(c.body) > 0 && json.Unmarshal(c.body, in) != nil {
			return nil, registry.Refuse(http.StatusBadRequest, "SerializationException", "The request body is not valid for %s", c.name)
		}
		var values url.Values
		if query && c.request.URL.RawQuery != "" {
			values = c.request.URL.Query()
		}
		v := reflect.ValueOf(in).Elem()
		for _, f := range fields {
			value := c.param
			switch f.place {
			case "query":
				value = values.Get(f.name)
			case "header":
				value = c.request.Header.Get(f.name)
			}
			v.FieldByIndex(f.index).SetString(value)
		}
		return in, nil
	}
}
