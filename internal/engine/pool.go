package engine

import "sync"

// A pool runs functions in goroutines that it keeps: the deep calls of an HTTP
// client grow a goroutine's stack, which should not happen anew for each call.
// The zero pool is ready.
type pool struct {
	once sync.Once
	idle chan func()
}

func (p *pool) init() { p.once.Do(func() { p.idle = make(chan func()) }) }

// run starts f, in an idle goroutine if there is one.
func (p *pool) run(f func()) {
	p.init()
	select {
	case p.idle <- f:
	default:
		go func() {
			f()
			for f := range p.idle {
				f()
			}
		}()
	}
}

// all runs every function and returns when they are done; the last one runs
// in the caller's goroutine.
func (p *pool) all(fs []func()) {
	if len(fs) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, f := range fs[:len(fs)-1] {
		others.Add(1)
		p.run(func() {
			defer others.Done()
			f()
		})
	}
	fs[len(fs)-1]()
	others.Wait()
}

// close ends the idle goroutines. Nothing may be running.
func (p *pool) close() {
	p.init()
	close(p.idle)
}
