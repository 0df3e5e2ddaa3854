package registry

import (
	"encoding/base64"
	"encoding/binary"
	"iter"
	"strconv"
)

// defaultPage is the number of items on a page if a request does not say how many.
const defaultPage = 25

// A Page is a part of a list. Next is the token of the next page, empty on the last page.
type Page[T any] struct {
	Items []T
	Next  string
}

// ByToken selects a page of an operation that names its paging parameters maxResults and nextToken.
type ByToken struct {
	MaxResults string `json:"-" query:"maxResults"`
	NextToken  string `json:"-" query:"nextToken"`
}

func (in ByToken) page() (page, error) {
	return parsePage("maxResults", in.MaxResults, "nextToken", in.NextToken)
}

// ByMarker selects a page of an operation that names its paging parameters pageSize and marker.
type ByMarker struct {
	PageSize string `json:"-" query:"pageSize"`
	Marker   string `json:"-" query:"marker"`
}

func (in ByMarker) page() (page, error) {
	return parsePage("pageSize", in.PageSize, "marker", in.Marker)
}

// Ordered selects a page of an operation that sorts by creation date, newest first unless
// Ascending is "true".
type Ordered struct {
	ByMarker
	Ascending string `json:"-" query:"isAscendingOrder"`
}

func (in Ordered) page() (page, error) {
	p, err := in.ByMarker.page()
	p.descending = in.Ascending != "true"
	return p, err
}

func parsePage(sizeName, size, tokenName, token string) (page, error) {
	p := page{size: defaultPage}
	if size != "" {
		n, err := strconv.Atoi(size)
		if err != nil {
			return p, Invalid("Invalid %s", sizeName)
		}
		p.size = n
	}
	if token != "" {
		b, err := base64.StdEncoding.DecodeString(token)
		if err != nil || len(b) != 8 {
			return p, Invalid("Invalid %s", tokenName)
		}
		p.after = binary.BigEndian.Uint64(b)
	}
	return p, nil
}

// collect fills a page with the results of show for the items that show accepts.
func collect[T, O any](items iter.Seq2[uint64, T], p page, show func(T) (O, bool)) Page[O] {
	out := Page[O]{Items: []O{}}
	var last uint64
	for seq, item := range items {
		o, ok := show(item)
		if !ok {
			continue
		}
		if len(out.Items) == p.size {
			out.Next = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, last))
			break
		}
		out.Items, last = append(out.Items, o), seq
	}
	return out
}

// list fills a page from a series.
func list[T comparable, O any](s *series[T], v view, p page, show func(T) O) Page[O] {
	return collect(s.all(v, p), p, func(item T) (O, bool) { return show(item), true })
}

// merge yields the items of several ascending lists in ascending order.
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
			defer stop() //nolint:gocritic // there is one list per group, and each is needed until the end
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
