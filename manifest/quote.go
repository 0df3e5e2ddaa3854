package manifest

import "strconv"

// Quote returns text from a manifest in quotes, escaped and cut to fit on a line,
// so that it cannot control a terminal or hide the rest of a message.
func Quote(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.QuoteToASCII(text[:most]) + "…"
	}
	return strconv.QuoteToASCII(text)
}
