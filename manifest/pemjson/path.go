package pemjson

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

// parsePointer parses a JSON pointer (RFC 6901, 3), in which * stands for every element or member. It
// returns the path to the entries, and what leads from an entry to its certificate.
func parsePointer(text string) (entries, rest []string, err error) {
	if err := manifest.CheckJSONPointer(text); err != nil {
		return nil, nil, err
	}
	parts := strings.Split(text[1:], "/")
	last := -1
	for i, part := range parts {
		if part == objects.Each {
			last = i
		}
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	}
	return parts[:last+1], parts[last+1:], nil
}

// A follower finds the values in an entry to which a pointer leads. The decoder's own pointer would be copied for every
// value, which takes minutes in an entry with a long name and many values.
type follower struct {
	parts   []string
	reached int  // depth of the innermost container on the path
	named   bool // the name that was read last in that container is the one on the path
}

// follow reports whether the path leads to the value that d has just read.
func (f *follower) follow(d *jsontext.Decoder, token jsontext.Token) bool {
	depth, kind := d.StackDepth(), token.Kind()
	f.reached = min(f.reached, depth)
	of := depth // the depth of the container that has the value
	switch kind {
	case jsontext.KindEndObject, jsontext.KindEndArray:
		return false
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		of--
	}
	if of != f.reached || of > len(f.parts) {
		return false
	}
	if of > 0 {
		switch container, n := d.StackIndex(of); {
		case container == jsontext.KindBeginObject && n%2 == 1:
			f.named = token.String() == f.parts[of-1]
			return false
		case container == jsontext.KindBeginObject && !f.named,
			container == jsontext.KindBeginArray && strconv.FormatInt(n-1, 10) != f.parts[of-1]:
			return false
		}
	}
	f.reached = depth
	return of == len(f.parts)
}

// choose returns the path to the entries of a file.
func (r *reader) choose(head []byte) ([]string, error) {
	array := head[0] == '['
	switch {
	case r.pointer && array && (len(r.entries) == 0 || r.entries[0] != objects.Each):
		return append([]string{objects.Each}, r.entries...), nil // a pointer from the elements is as clear
	case r.pointer:
		return r.entries, nil
	case !array && head[0] != '{':
		return nil, manifest.Errorf(manifest.ReasonUnknownFormat, "this is not JSON with certificates; it begins with %s",
			manifest.Quote(string(head[:1])))
	}
	path, ok := findPEM(head)
	if !ok && array {
		return []string{objects.Each}, nil // entries without certificates are rejected one by one
	}
	return path, nil
}

// findPEM returns the path to the entries according to the first certificate in PEM.
func findPEM(text []byte) (path []string, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		if token.Kind() != jsontext.KindString || !hasPEM([]byte(token.String())) {
			continue
		}
		depth := d.StackDepth()
		kind, _ := d.StackIndex(depth)
		names := strings.Split(string(d.StackPointer()), "/")[1:]
		last := -1
		for level := range depth {
			// The value at level of the pointer is an element of the container one level deeper.
			of, _ := d.StackIndex(level + 1)
			names[level] = jsontext.Pointer("/" + names[level]).LastToken()
			if of == jsontext.KindBeginArray {
				names[level] = objects.Each
				if level < depth-1 || kind != jsontext.KindBeginArray || last < 0 {
					last = level
				}
			}
		}
		return names[:last+1], true
	}
}
