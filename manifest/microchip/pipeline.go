package microchip

import (
	"cmp"
	"context"
	"runtime"
	"sync"

	"github.com/thingpress/thingpress/manifest"
)

// Entries travel in batches, so that workers are not woken for each. A batch is
// full when it reaches one of these.
const (
	batchEntries = 16
	batchBytes   = 128 << 10
)

// maxWorkers bounds the memory on large machines, on which the caller is the bottleneck anyway.
const maxWorkers = 16

// A batch is a number of consecutive entries on their way through a worker.
type batch struct {
	text []byte // raw text of all entries
	ends []int  // in text

	done     chan struct{} // closed when the verdicts are final
	verdicts []verdict
}

// A verdict is either a device or the error that rejects the entry. who names the
// chip in messages, as far as the entry could be read.
type verdict struct {
	device manifest.Device
	who    string
	err    error
}

// A pipeline reads entries in the caller's goroutine, judges them in as many
// workers as there are processors, and returns them in order. It bounds the number
// of entries in flight.
type pipeline struct {
	scanner *scanner
	last    error // why reading ended; nil while it continues
	flight  []*batch
	most    int
	work    chan *batch
	workers sync.WaitGroup
	stop    context.CancelFunc
	spare   []*batch
}

func newPipeline(ctx context.Context, s *scanner, newJudge func() *judge) *pipeline {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	most := 2*workers + 1
	// If the caller leaves in the middle, the workers leave what is queued.
	ctx, stop := context.WithCancel(ctx)
	p := &pipeline{scanner: s, most: most, work: make(chan *batch, most), stop: stop}
	for range workers {
		j := newJudge()
		p.workers.Go(func() {
			for b := range p.work {
				b.decodeEntries(ctx, j)
			}
		})
	}
	return p
}

// close ends the workers and waits for them.
func (p *pipeline) close() {
	p.stop()
	close(p.work)
	p.workers.Wait()
}

// next returns the next judged batch in order. After the last one it returns the
// error that ended reading, which is io.EOF for a complete manifest.
func (p *pipeline) next(ctx context.Context) (*batch, error) {
	for p.last == nil && len(p.flight) < p.most {
		b := p.readBatch()
		if len(b.ends) == 0 {
			break
		}
		p.flight = append(p.flight, b)
		p.work <- b
	}
	if len(p.flight) == 0 {
		// If the context has ended, that may be why reading ended.
		return nil, cmp.Or(ctx.Err(), p.last)
	}
	b := p.flight[0]
	select {
	case <-b.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.flight = append(p.flight[:0], p.flight[1:]...)
	return b, ctx.Err()
}

// readBatch fills a batch.
func (p *pipeline) readBatch() *batch {
	b := &batch{}
	if n := len(p.spare); n > 0 {
		b, p.spare = p.spare[n-1], p.spare[:n-1]
	}
	b.done = make(chan struct{})
	for len(b.ends) < batchEntries && len(b.text) < batchBytes {
		entry := p.scanner.entry
		raw, err := p.scanner.next()
		if err != nil {
			p.last = err
			break
		}
		b.text = append(b.text, raw...)
		b.ends = append(b.ends, len(b.text))
		device := p.scanner.frame.Device(0, p.scanner.w.Offset())
		device.Entry = entry
		b.verdicts = append(b.verdicts, verdict{device: device})
	}
	return b
}

// release returns a batch whose verdicts were used.
func (p *pipeline) release(b *batch) {
	clear(b.verdicts)
	*b = batch{text: b.text[:0], ends: b.ends[:0], verdicts: b.verdicts[:0]}
	p.spare = append(p.spare, b)
}

func (b *batch) decodeEntries(ctx context.Context, j *judge) {
	defer close(b.done)
	start := 0
	for i, end := range b.ends {
		if ctx.Err() != nil {
			return
		}
		v := &b.verdicts[i]
		v.who, v.err = j.decode(b.text[start:end], &v.device)
		start = end
	}
}
