package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/thingpress/thingpress/internal/sandbox/model"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// call is one call of an operation.
type call struct {
	request *http.Request
	body    []byte
	strict  bool
	name    string
	labels  []string // decoded labels of the path, in its order

	// A handler sets the parameters, and whether the call changed the state.
	in      any
	changed bool
}

// key returns [Call.Key].
func (c *call) key() string {
	if in, ok := c.in.(interface{ Subject() string }); ok {
		return in.Subject()
	}
	if len(c.labels) > 0 {
		return c.labels[0]
	}
	return ""
}

// backend is the part of the server that handlers use.
type backend struct {
	store   *registry.Store
	quotas  *quotas
	applied map[string]float64
	issuer  func() (issuer, error)   // made when it is needed first, since that takes long
	serving *atomic.Pointer[serving] // nil if there is no broker
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

// binder returns a function that checks a call against the service model and reads its
// parameters. Those with the tag path, query or header are strings in that place; all others are
// in the body. An empty name of a path stands for its first label.
func binder[In any]() func(*call) (*In, error) {
	type outside struct {
		index       []int
		place, name string
	}
	var fields []outside
	for _, f := range reflect.VisibleFields(reflect.TypeFor[In]()) {
		for _, place := range []string{"path", "query", "header"} {
			if name, ok := f.Tag.Lookup(place); ok {
				fields = append(fields, outside{f.Index, place, name})
			}
		}
	}
	return func(c *call) (*In, error) {
		in := new(In)
		c.in = in
		operation := model.IoT().Operations[c.name]
		query, err := validate(operation, c)
		if err != nil {
			return nil, err
		}
		if len(c.body) > 0 && operation.HasBody() && json.Unmarshal(c.body, in) != nil {
			return nil, malformed("The request body is not valid for " + c.name)
		}
		v := reflect.ValueOf(in).Elem()
		for _, f := range fields {
			var value string
			switch f.place {
			case "path":
				value = c.labels[max(0, slices.Index(operation.Labels, f.name))]
			case "query":
				value = query.Get(f.name)
			case "header":
				value = c.request.Header.Get(f.name)
			}
			v.FieldByIndex(f.index).SetString(value)
		}
		return in, nil
	}
}

// validate checks a call against the service model and returns the parameters of its query.
func validate(operation *model.Operation, c *call) (url.Values, error) {
	var query url.Values
	if c.request.URL.RawQuery != "" {
		query = c.request.URL.Query()
	}
	err := operation.Validate(model.Request{Labels: c.labels, Query: query, Header: c.request.Header, Body: c.body})
	var unreadable *model.MalformedError
	if errors.As(err, &unreadable) {
		return nil, malformed(unreadable.Message)
	}
	if err != nil {
		return nil, registry.Invalid("%s", err.Error())
	}
	return query, nil
}

func malformed(message string) error {
	return registry.Refuse(http.StatusBadRequest, "SerializationException", "%s", message)
}
