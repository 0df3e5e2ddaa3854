// Package nearest finds the name that a misspelt word was meant to be.
package nearest

import "strings"

// Of returns the candidate that word was probably meant to be, or "" if none is similar: one
// that begins with it, or differs by at most a third of its letters.
func Of(word string, candidates []string) string {
	best, least := "", len(word)/3+1
	for _, candidate := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(candidate))
		if len(word) > 2 && strings.HasPrefix(candidate, word) {
			d = min(d, 1)
		}
		if d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance returns the number of bytes to insert, delete, replace or swap with their neighbour
// that make b of a.
func distance(a, b string) int {
	var beforeLast []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], beforeLast[j-1]+1)
			}
		}
		beforeLast, last = last, row
	}
	return last[len(b)]
}
