package model

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// javaClasses are the POSIX classes of Java's regular expressions, with Go's names. Both are
// ASCII.
var javaClasses = map[string]string{
	"Alnum": "alnum", "Alpha": "alpha", "ASCII": "ascii", "Blank": "blank", "Cntrl": "cntrl", "Digit": "digit", "Graph": "graph",
	"Lower": "lower", "Print": "print", "Punct": "punct", "Space": "space", "Upper": "upper", "XDigit": "xdigit",
}

// translate returns a pattern of the model, which is a regular expression of Java, as a Go
// pattern that matches a whole string. Go has other names for POSIX classes. It has no
// possessive quantifiers, which only forbid backtracking, and Go never backtracks.
func translate(pattern string) (string, error) {
	var out strings.Builder
	out.WriteString(`\A(?:`)
	inClass, quantified := false, false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		wasQuantified := quantified
		quantified = false
		switch {
		case c == '\\' && i+1 < len(pattern):
			name, width := propertyAt(pattern[i:])
			posix, ok := javaClasses[name]
			switch {
			case !ok:
				width = max(width, 2)
				out.WriteString(pattern[i : i+width])
			case inClass:
				out.WriteString(posixClass(pattern[i+1], posix))
			default:
				out.WriteString("[" + posixClass(pattern[i+1], posix) + "]")
			}
			i += width - 1
		case inClass && (c == '[' || strings.HasPrefix(pattern[i:], "&&")):
			return "", fmt.Errorf("pattern %s: a class within a class is not supported", pattern)
		case c == '[' || inClass && c == ']':
			inClass = c == '['
			out.WriteByte(c)
		case !inClass && wasQuantified && c == '+':
		case !inClass && strings.IndexByte("*+?}", c) >= 0:
			quantified = !wasQuantified
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteString(`)\z`)
	return out.String(), nil
}

// propertyAt returns the name in an escape such as \p{Graph} and the length of the escape, or
// zeros for any other escape.
func propertyAt(escape string) (name string, width int) {
	if !strings.HasPrefix(escape, `\p{`) && !strings.HasPrefix(escape, `\P{`) {
		return "", 0
	}
	end := strings.IndexByte(escape, '}')
	if end < 0 {
		return "", 0
	}
	return escape[3:end], end + 1
}

func posixClass(p byte, name string) string {
	if p == 'P' {
		return "[:^" + name + ":]"
	}
	return "[:" + name + ":]"
}

func compilePattern(pattern string) (*regexp.Regexp, error) {
	translated, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	return regexp.Compile(translated)
}

// CheckPatterns returns an error if a pattern of the model cannot be used. Patterns are
// otherwise compiled at their first use, because most are never used.
func (m *Model) CheckPatterns() error {
	for _, s := range m.Shapes {
		if _, err := compilePattern(s.Pattern); err != nil {
			return fmt.Errorf("shape %s: %w", s.Name, err)
		}
	}
	return nil
}

// repeatedClass matches a Go pattern that is one class of characters, repeated.
var repeatedClass = regexp.MustCompile(`^\\A\(\?:\^?\(?\[(?:\\.|\[:\^?\w+:\]|[^\[\]\\])*\][+*]\)?\$?\)\\z$`)

// anything is the pattern of strings with any characters.
const anything = `[\s\S]*`

// matcher returns a function that reports whether a string matches a pattern. The function
// panics if [Model.CheckPatterns] would return an error for the pattern.
func matcher(pattern string) func([]byte) bool {
	if pattern == anything {
		return func([]byte) bool { return true }
	}
	expression := sync.OnceValue(func() *regexp.Regexp {
		compiled, err := compilePattern(pattern)
		if err != nil {
			panic("model: " + err.Error())
		}
		return compiled
	})
	// Almost all patterns are a repeated class and almost all strings are ASCII. A table is ten
	// times as fast as the expression.
	ascii := sync.OnceValue(func() *[utf8.RuneSelf]bool {
		if !repeatedClass.MatchString(expression().String()) {
			return nil
		}
		var in [utf8.RuneSelf]bool
		for b := range in {
			in[b] = expression().Match([]byte{byte(b)})
		}
		return &in
	})
	return func(s []byte) bool {
		in := ascii()
		if in == nil || len(s) == 0 {
			return expression().Match(s)
		}
		for _, b := range s {
			if b >= utf8.RuneSelf {
				return expression().Match(s)
			}
			if !in[b] {
				return false
			}
		}
		return true
	}
}
