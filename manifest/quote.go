package manifest

import "strconv"

// Quote returns text from a manifest in quotes, escaped and cut to a length
// that fits a line, so that it can stand in a message without steering a
// terminal or hiding what follows.
func Quote(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.QuoteToASCII(text[:most]) + "…"
	}
	return strconv.QuoteToASCII(text)
}
