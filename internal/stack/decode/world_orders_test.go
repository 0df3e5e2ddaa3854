package decode

import (
	"context"
	"errors"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

func (p *process) SetOrder(ctx context.Context, id string, order stack.Order) (j stack.Job, err error) {
	err = p.step(ctx, "SetOrder", func() error {
		j = p.jobs[id]
		if err := j.CheckOrder(order.Kind); err != nil {
			return err
		}
		j.Order = order
		p.jobs[id] = j
		return nil
	})
	return j, err
}

func (p *process) FinishOrder(ctx context.Context, id string, order stack.Order) error {
	return p.step(ctx, "FinishOrder", func() error {
		if j := p.jobs[id]; j.Order == order {
			j.Order = stack.Order{}
			p.jobs[id] = j
		}
		return nil
	})
}

func (p *process) Observe(context.Context, string, stack.Observed) error {
	return errors.New("the sweep observes")
}

func (p *process) Reopen(ctx context.Context, id string, entries []int, before time.Time) error {
	return p.step(ctx, "Reopen", func() error {
		for _, entry := range entries {
			if r := p.records[id][entry]; r.Outcome == ledger.Failed && r.At.Before(before) {
				delete(p.records[id], entry)
			}
		}
		return nil
	})
}

func (p *process) Restart(ctx context.Context, i ledger.Import) error {
	return p.step(ctx, "Restart", func() error {
		if _, ok := p.imports[i.ID]; !ok {
			return ledger.ErrNotFound
		}
		p.imports[i.ID] = i
		return nil
	})
}

func (p *process) KeepSettings(ctx context.Context, _ string, asked []ledger.Asked) error {
	return p.step(ctx, "KeepSettings", func() error {
		for _, a := range asked {
			p.asked[a.Entry] = a.Settings
		}
		return nil
	})
}

type completion struct{ p *process }

func (c completion) Complete(ctx context.Context, task stack.Task) error {
	return c.p.step(ctx, "Complete", func() error {
		c.p.tasks = append(c.p.tasks, task)
		return nil
	})
}

func (c completion) Sweep(ctx context.Context) error {
	return c.p.step(ctx, "Sweep", func() error {
		c.p.tasks = append(c.p.tasks, stack.Task{Kind: stack.TaskSweep})
		return nil
	})
}
