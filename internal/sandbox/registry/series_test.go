package registry

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A series behaves like a plain slice to which items are added and from which they are removed,
// even while somebody reads it page by page.
func TestSeriesIsAList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s series[int]
		type pair struct {
			seq  uint64
			item int
		}
		var model []pair
		seq := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				seq += uint64(rapid.IntRange(1, 3).Draw(t, "step"))
				item := rapid.IntRange(1, 9).Draw(t, "item")
				s.add(seq, item)
				model = append(model, pair{seq, item})
			},
			"remove": func(t *rapid.T) {
				if len(model) == 0 {
					return
				}
				i := rapid.IntRange(0, len(model)-1).Draw(t, "i")
				s.remove(model[i].seq, 0, false)
				s.remove(model[i].seq, 0, false)
				model = slices.Delete(model, i, i+1)
			},
			"": func(t *rapid.T) {
				after := uint64(rapid.IntRange(0, int(seq)+1).Draw(t, "after"))
				var got, want []pair
				for seq, item := range s.all(present, page{after: after}) {
					got = append(got, pair{seq, item})
				}
				for _, p := range model {
					if p.seq > after {
						want = append(want, p)
					}
				}
				if !slices.Equal(got, want) || s.len() != len(model) {
					t.Fatalf("after %d: %v (%d), want %v (%d)", after, got, s.len(), want, len(model))
				}
			},
		})
	})
}
