package policy

import (
	"bytes"
	"strings"
)

// A part is a piece of a pattern that is compared with another pattern: one byte, or any text.
type part struct {
	any  bool // any text, also none
	one  bool // any byte
	byte byte
}

// parts returns the pieces of a pattern. Variables stand for any text. If mqtt is true, + and # do
// too, since a topic that the filter matches has any text in their place.
func (p *pattern) parts(mqtt bool) (all []part) {
	for i, chunk := range p.chunks {
		if i > 0 {
			all = append(all, part{any: true})
		}
		for _, one := range chunk {
			switch {
			case one.variable != nil:
				all = append(all, part{any: true})
			case one.any:
				all = append(all, part{one: true})
			}
			for _, c := range one.literal {
				all = append(all, part{any: mqtt && (c == '+' || c == '#'), byte: c})
			}
		}
	}
	return all
}

// overlap reports whether a text exists that two patterns match.
func overlap(a, b []part) bool {
	// row[j] is true if a text exists that the pieces of a so far and the first j of b match.
	row := make([]bool, len(b)+1)
	row[0] = true
	for j := range b {
		row[j+1] = row[j] && b[j].any
	}
	for _, x := range a {
		next := make([]bool, len(b)+1)
		next[0] = row[0] && x.any
		for j, y := range b {
			switch {
			case x.any:
				next[j+1] = row[j+1] || next[j]
			case y.any:
				next[j+1] = next[j] || row[j+1]
			default:
				next[j+1] = row[j] && (x.one || y.one || x.byte == y.byte)
			}
		}
		row = next
	}
	return row[len(b)]
}

// covers reports whether a pattern matches all that another one matches. It may be wrong for
// question marks next to asterisks.
func (p *pattern) covers(text string) bool {
	// A text that no pattern names stands for the wildcards and variables of the other.
	const strange = "\x01\x02\x03"
	for {
		start := strings.Index(text, "${")
		name, after, ok := cutVariable(text[max(start, 0):])
		if start < 0 || !ok {
			break
		}
		text = text[:start] + "\x04" + name + "\x05" + after
	}
	text = strings.ReplaceAll(text, "*", strange)
	e := evaluation{connection: &Connection{}}
	named := builder{}
	for i, chunk := range p.chunks {
		if i > 0 {
			named.star()
		}
		for _, one := range chunk {
			if one.variable != nil {
				one = element{literal: []byte("\x04" + one.variable.name + "\x05")}
			}
			named.add(one)
		}
	}
	same := named.pattern()
	return same.matches(text, &e)
}

// resourcePart returns what follows the account in a resource, and reports whether there is such a
// part; * has none.
func resourcePart(text string) (string, bool) {
	const parts = 6
	all := splitARN(text)
	if len(all) < parts {
		return "", false
	}
	return all[parts-1], true
}

// topicOf returns the topic or filter of a resource of a type such as topic.
func topicOf(text, kind string) (string, bool) {
	after, ok := resourcePart(text)
	if !ok {
		return "", false
	}
	return strings.CutPrefix(after, kind+"/")
}

// filterMatches reports whether a topic filter of MQTT matches a topic. A wildcard at the start
// does not match a topic that begins with $ (MQTT 3.1.1, section 4.7), and # does not match its
// parent (developer guide, "MQTT").
func filterMatches(filter, topic []byte) bool {
	if len(topic) > 0 && topic[0] == '$' && len(filter) > 0 && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	for {
		level, restFilter, moreFilter := bytes.Cut(filter, []byte("/"))
		name, restTopic, moreTopic := bytes.Cut(topic, []byte("/"))
		switch {
		case string(level) == "#":
			return true
		case string(level) != "+" && !bytes.Equal(level, name), moreFilter != moreTopic:
			return false
		case !moreFilter:
			return true
		}
		filter, topic = restFilter, restTopic
	}
}
