package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"iter"
	"strconv"
	"time"
)

// defaultPage is how many items a page has if the caller does not say.
const defaultPage = 25

// page is the part of a list that a caller asks for.
type page struct {
	size       int
	after      uint64 // the sequence number behind which it starts
	descending bool
}

// The registry's operations name their paging parameters in two ways.
var (
	byToken  = [2]string{"maxResults", "nextToken"}
	byMarker = [2]string{"pageSize", "marker"}
)

func (c *call) page(names [2]string) (page, error) {
	p := page{size: defaultPage}
	query := c.request.URL.Query()
	if text := query.Get(names[0]); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return p, failed(text, names[0], "Member must have value between 1 and 250")
		}
		p.size = n
	}
	if token := query.Get(names[1]); token != "" {
		b, err := base64.StdEncoding.DecodeString(token)
		if err != nil || len(b) != 8 {
			return p, invalid("Invalid %s", names[1])
		}
		p.after = binary.BigEndian.Uint64(b)
	}
	return p, nil
}

// markers is a page of an operation that has an order. It is by date of
// creation, newest first unless isAscendingOrder is true.
func (c *call) markers() (page, error) {
	p, err := c.page(byMarker)
	p.descending = c.query("isAscendingOrder") != "true"
	return p, err
}

func token(seq uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, seq))
}

// collect fills a page with what show makes of the items that it takes, and
// gives the token of the next page if there is more.
func collect[T, O any](items iter.Seq2[uint64, T], size int, show func(T) (O, bool)) (out []O, next string) {
	out = []O{}
	var last uint64
	for seq, item := range items {
		o, ok := show(item)
		if !ok {
			continue
		}
		if len(out) == size {
			return out, token(last)
		}
		out, last = append(out, o), seq
	}
	return out, ""
}

// list fills a page from a series as it is at present.
func list[T comparable, O any](s *series[T], v view, p page, show func(T) O) ([]O, string) {
	return collect(s.all(v, p.after, p.descending), p.size, func(item T) (O, bool) { return show(item), true })
}

// merge yields what several ascending lists yield, in one order.
func merge[T any](lists []iter.Seq2[uint64, T]) iter.Seq2[uint64, T] {
	if len(lists) == 1 {
		return lists[0]
	}
	return func(yield func(uint64, T) bool) {
		type head struct {
			next func() (uint64, T, bool)
			seq  uint64
			item T
		}
		var heads []head
		for _, l := range lists {
			next, stop := iter.Pull2(l)
			defer stop() //nolint:gocritic // there are as many lists as shards, and each is needed until the end
			if seq, item, ok := next(); ok {
				heads = append(heads, head{next, seq, item})
			}
		}
		for len(heads) > 0 {
			least := 0
			for i := range heads {
				if heads[i].seq < heads[least].seq {
					least = i
				}
			}
			h := &heads[least]
			if !yield(h.seq, h.item) {
				return
			}
			var ok bool
			if h.seq, h.item, ok = h.next(); !ok {
				heads = append(heads[:least], heads[least+1:]...)
			}
		}
	}
}

// lagging is the state that lists show now; the caller holds the lock.
func (s *Server) lagging() view { return s.registry.lag.view(time.Now().UnixMilli()) }
