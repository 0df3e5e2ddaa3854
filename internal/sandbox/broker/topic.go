package broker

import (
	"strings"
	"unicode/utf8"
)

// Limits of AWS IoT Core (quotas, "AWS IoT Core message broker and protocol limits and quotas").
const (
	maxClientID   = 128
	maxTopic      = 256
	maxSlashes    = 7
	maxFilters    = 8   // of a SUBSCRIBE
	maxSubscribed = 50  // of a connection
	maxPublishes  = 100 // of a connection in a second
)

// sharePrefix begins the filter of a shared subscription: $share/NAME/FILTER.
const sharePrefix = "$share/"

// slashes counts the slashes that AWS counts. The reserved prefix of the rules engine does not count.
func slashes(topic string) int {
	if rest, ok := strings.CutPrefix(topic, "$aws/rules/"); ok {
		if _, after, ok := strings.Cut(rest, "/"); ok {
			topic = after
		}
	}
	return strings.Count(topic, "/")
}

// isWithinLimits reports whether a topic or filter is text of a size that AWS accepts.
func isWithinLimits(topic string) bool {
	return topic != "" && len(topic) <= maxTopic && utf8.ValidString(topic) && !strings.Contains(topic, "\x00") && slashes(topic) <= maxSlashes
}

// isTopic reports whether a message can be published to a topic.
func isTopic(topic string) bool {
	return isWithinLimits(topic) && !strings.ContainsAny(topic, "+#")
}

// isFilter reports whether a topic filter can be subscribed to.
func isFilter(filter string) bool {
	if strings.HasPrefix(filter, sharePrefix) {
		name, rest, ok := cutShare(filter)
		if !ok || name == "" || strings.ContainsAny(name, "+#") {
			return false
		}
		filter = rest
	}
	if !isWithinLimits(filter) {
		return false
	}
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		if level != "+" && strings.Contains(level, "+") || strings.Contains(level, "#") && (level != "#" || i < len(levels)-1) {
			return false
		}
	}
	return true
}

// cutShare cuts a shared subscription into its name and the filter.
func cutShare(filter string) (name, rest string, ok bool) {
	shared, ok := strings.CutPrefix(filter, sharePrefix)
	if !ok {
		return "", filter, false
	}
	name, rest, ok = strings.Cut(shared, "/")
	return name, rest, ok
}

// matches reports whether a topic fits a filter. Unlike in the MQTT specification, "#" does not
// match the level above. Wildcards at the beginning match no topic that begins with $.
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	for {
		level, restOfFilter, more := strings.Cut(filter, "/")
		if level == "#" {
			return true
		}
		has, restOfTopic, deeper := strings.Cut(topic, "/")
		if level != "+" && level != has {
			return false
		}
		if !more || !deeper {
			return more == deeper
		}
		filter, topic = restOfFilter, restOfTopic
	}
}
