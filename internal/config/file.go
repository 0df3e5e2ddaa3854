// Package config reads the config file, and remembers for each flag what set it.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxFile is the largest size of a config file in bytes. A hundred targets with every setting
// have a tenth of it.
const maxFile = 256 << 10

// A File is a config file: settings for all targets, and targets with settings of their own.
type File struct {
	// Path is the name of the file, for messages.
	Path string
	// Settings apply to all targets, in the order of the file. No name occurs twice.
	Settings []Setting
	// Targets are in the order of their names.
	Targets []Target
}

// A Target is a table of the file, such as [targets.production].
type Target struct {
	Name     string
	Settings []Setting
}

// A Setting is the value of a flag.
type Setting struct {
	// Name is the key in the file, which should be the name of a flag.
	Name string
	Kind Kind
	// Values are the value as on the command line. Only a [List] may have other than one.
	Values []string
	// Line is the line of the key, from 1.
	Line int
}

// A Kind is the type of a value.
type Kind string

// Kinds of values. Other types of TOML are [Other].
const (
	String  Kind = "a string"
	Boolean Kind = "a boolean"
	Integer Kind = "an integer"
	Float   Kind = "a float"
	List    Kind = "an array of strings"
	Other   Kind = "a value of another type"
)

// An Error is a mistake in a config file.
type Error struct {
	Path string
	Line int // 0 if it belongs to no line
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Path + ": " + e.Err.Error()
	}
	return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Read reads a config file. It returns an [*Error] if the content is wrong, and one that wraps
// [io/fs.ErrNotExist] if there is no file.
func Read(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// Parse parses the text of a config file, which is TOML 1.0. It does not know which flags exist.
// The error is an [*Error].
func Parse(path string, text []byte) (*File, error) {
	if len(text) > maxFile {
		return nil, &Error{Path: path, Err: fmt.Errorf("the file has more than %d bytes", maxFile)}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // Windows Notepad writes one
	var document map[string]any
	if err := toml.Unmarshal(text, &document); err != nil {
		return nil, syntaxError(path, err)
	}
	lines, err := keysOf(path, text)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path}
	tables, _ := document[targetsKey].(map[string]any)
	for name := range tables {
		f.Targets = append(f.Targets, Target{Name: name})
	}
	slices.SortFunc(f.Targets, func(a, b Target) int { return strings.Compare(a.Name, b.Name) })
	for _, k := range lines {
		if err := f.add(k, document); err != nil {
			return nil, &Error{Path: path, Line: k.line, Err: err}
		}
	}
	return f, nil
}

// targetsKey is the table that has the targets. No flag has this name.
const targetsKey = "targets"

// Target returns the target with this name.
func (f *File) Target(name string) (Target, bool) {
	i := slices.IndexFunc(f.Targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return f.Targets[i], true
}

// TargetNames returns the names of all targets, sorted.
func (f *File) TargetNames() (names []string) {
	for _, t := range f.Targets {
		names = append(names, t.Name)
	}
	return names
}

func syntaxError(path string, err error) error {
	var wrong *toml.DecodeError
	if !errors.As(err, &wrong) {
		return &Error{Path: path, Err: errors.New(strings.TrimPrefix(err.Error(), "toml: "))}
	}
	line, _ := wrong.Position()
	return &Error{Path: path, Line: line, Err: errors.New(strings.TrimPrefix(wrong.Error(), "toml: "))}
}

// A key is a key of the file with all tables around it, or the heading of a table.
type key struct {
	path  []string
	table bool
	line  int
}

// keysOf returns the keys of a valid document in its order.
func keysOf(path string, text []byte) (keys []key, err error) {
	var p unstable.Parser
	var table []string
	p.Reset(text)
	for p.NextExpression() {
		switch node := p.Expression(); node.Kind {
		case unstable.Table, unstable.ArrayTable:
			k := keyOf(&p, nil, node)
			table = k.path
			k.table = true
			keys = append(keys, k)
		case unstable.KeyValue:
			keys = appendKeys(keys, &p, table, node)
		}
	}
	if err := p.Error(); err != nil {
		return nil, syntaxError(path, err)
	}
	return keys, nil
}

// appendKeys appends the key of a node, or the keys of the inline table that is its value.
func appendKeys(keys []key, p *unstable.Parser, table []string, node *unstable.Node) []key {
	k := keyOf(p, table, node)
	k.table = node.Value().Kind == unstable.InlineTable
	keys = append(keys, k)
	if k.table {
		for members := node.Value().Children(); members.Next(); {
			keys = appendKeys(keys, p, k.path, members.Node())
		}
	}
	return keys
}

func keyOf(p *unstable.Parser, table []string, node *unstable.Node) key {
	k := key{path: slices.Clone(table)}
	for parts := node.Key(); parts.Next(); {
		k.path = append(k.path, string(parts.Node().Data))
		k.line = p.Shape(parts.Node().Raw).Start.Line
	}
	return k
}

// add adds the setting of a key. The document has its value.
func (f *File) add(k key, document map[string]any) error {
	inTargets := k.path[0] == targetsKey
	switch name := strings.Join(k.path, "."); {
	case inTargets && len(k.path) > 1 && k.path[1] == "":
		return errors.New("a target needs a name")
	case inTargets && len(k.path) == 1 && !k.table:
		return fmt.Errorf("%s is not a table; a target begins with a line such as [%[1]s.production]", targetsKey)
	case inTargets && len(k.path) <= 2 && k.table:
		if isTable(document, k.path) {
			return nil
		}
		return fmt.Errorf("[[%s]] is an array of tables; a target begins with a line such as [%s.production]", name, targetsKey)
	case inTargets && len(k.path) == 2:
		return fmt.Errorf("%s is not a table; write the settings of target %s under [%[1]s]", name, k.path[1])
	case k.table || len(k.path) > 3 || !inTargets && len(k.path) > 1:
		return fmt.Errorf("%s has no tables but those of targets, such as [%s.production]", name, targetsKey)
	}
	s := settingOf(k, document)
	if !inTargets {
		f.Settings = append(f.Settings, s)
		return nil
	}
	i := slices.IndexFunc(f.Targets, func(t Target) bool { return t.Name == k.path[1] })
	f.Targets[i].Settings = append(f.Targets[i].Settings, s)
	return nil
}

// isTable reports whether the document has a table at a path.
func isTable(document map[string]any, path []string) bool {
	for _, name := range path {
		inner, ok := document[name].(map[string]any)
		if !ok {
			return false
		}
		document = inner
	}
	return true
}

func settingOf(k key, document map[string]any) Setting {
	last := len(k.path) - 1
	for _, name := range k.path[:last] {
		document, _ = document[name].(map[string]any)
	}
	s := Setting{Name: k.path[last], Line: k.line}
	switch value := document[s.Name].(type) {
	case string:
		s.Kind, s.Values = String, []string{value}
	case bool:
		s.Kind, s.Values = Boolean, []string{strconv.FormatBool(value)}
	case int64:
		s.Kind, s.Values = Integer, []string{strconv.FormatInt(value, 10)}
	case float64:
		s.Kind, s.Values = Float, []string{strconv.FormatFloat(value, 'g', -1, 64)}
	case []any:
		s.Kind = List
		for _, one := range value {
			text, ok := one.(string)
			if !ok {
				return Setting{Name: s.Name, Kind: Other, Line: s.Line}
			}
			s.Values = append(s.Values, text)
		}
	default:
		s.Kind = Other
	}
	return s
}
