package engine

import (
	"math"
	"math/rand/v2"
)

// SampleSize is the size of a sample in which nothing is wrong only if fewer than 0.1 % of a large
// import are wrong, at a confidence of 95 %: ln 0.05 ÷ ln 0.999.
const SampleSize = 2995

// confidence is the one with which [UpperBound] holds.
const confidence = 0.95

// UpperBound returns the share of a large import that is wrong at most, at a confidence of 95 %, if
// that many of a sample are wrong. It is the upper limit of Clopper and Pearson (Biometrika 26, 1934).
func UpperBound(sample, wrong int) float64 {
	if sample <= 0 || wrong >= sample {
		return 1
	}
	low, high := float64(wrong)/float64(sample), 1.0
	for range 60 {
		middle := (low + high) / 2
		if atMost(wrong, sample, middle) > 1-confidence {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// atMost returns the probability of at most k hits in n draws, each with probability p.
func atMost(k, n int, p float64) float64 {
	sum, term := 0.0, float64(n)*math.Log1p(-p) // the logarithm of the probability of none
	for i := 0; ; i++ {
		sum += math.Exp(term)
		if i == k {
			return sum
		}
		term += math.Log(float64(n-i)) - math.Log(float64(i+1)) + math.Log(p) - math.Log1p(-p)
	}
}

// sampleOf returns size of n positions, each set of them as likely as any other (Floyd, CACM 30, 1987).
func sampleOf(n, size int) map[int]bool {
	chosen := make(map[int]bool, size)
	for last := n - size; last < n; last++ {
		if at := rand.IntN(last + 1); !chosen[at] { //nolint:gosec // nobody gains by guessing the sample
			chosen[at] = true
		} else {
			chosen[last] = true
		}
	}
	return chosen
}
