package stream

import (
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// PassedOver names what a manifest contains besides entries, such as requests
// among certificates. The zero value has nothing.
type PassedOver struct {
	names []string
	more  int
}

// maxPassedOver is the number of things that are named. The others are counted.
const maxPassedOver = 5

// Add adds a thing. The name must be fit for a message.
func (p *PassedOver) Add(name string) {
	if len(p.names) < maxPassedOver {
		p.names = append(p.names, name)
	} else {
		p.more++
	}
}

// Empty reports whether nothing was passed over.
func (p *PassedOver) Empty() bool { return len(p.names) == 0 }

// Mention adds the names to an entry: to the error if there is one, and otherwise as
// a warning to the device.
func (p *PassedOver) Mention(d *manifest.Device, err error) error {
	text := p.String()
	switch {
	case p.Empty():
	case err == nil:
		d.Warn(manifest.ReasonPassedOver, text)
	default:
		err = fmt.Errorf("%w; passed over: %s", err, text)
	}
	return err
}

// String returns the names for messages.
func (p *PassedOver) String() string {
	text := strings.Join(p.names, ", ")
	if p.more > 0 {
		text += fmt.Sprintf(" and %d more", p.more)
	}
	return text
}
