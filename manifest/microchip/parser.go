package microchip

import "github.com/thingpress/thingpress/manifest/internal/objects"

// A parser parses the parts of an entry. It is reusable, but not safe for concurrent use.
type parser struct {
	objects.Parser
	keys []jwk // memory for the keys of a payload
}
