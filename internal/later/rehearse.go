package later

import (
	"sync"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
)

// Planned counts the calls of a dry run by operation. The zero value is ready to use, and it is safe for
// concurrent use.
type Planned struct {
	mu    sync.Mutex
	calls map[string]int
}

// Rehearse returns a program that makes only the calls that read, and counts the others.
func (p *Planned) Rehearse(program engine.Program) engine.Program {
	return func(a *device.Account, d *device.Device, subject *engine.Subject, do device.Stage) error {
		return program(a, d, subject, func(steps ...device.Step) error {
			for i, step := range steps {
				if step.Effect != device.Reads {
					p.add(string(step.Operation))
					steps[i].Do = func(*call.Caller) (call.Result, error) { return call.Result{}, nil }
				}
			}
			return do(steps...)
		})
	}
}

func (p *Planned) add(op string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls == nil {
		p.calls = map[string]int{}
	}
	p.calls[op]++
}

// Calls returns the calls so far. It must not be called while a program is running.
func (p *Planned) Calls() map[string]int { return p.calls }
