package policy

import "strings"

// Policies are documents that have been prepared for many decisions. They may be used
// concurrently.
type Policies struct{ statements []statement }

// A statement is a compiled [Statement].
type statement struct {
	effect      Effect
	document    int
	index       int
	actions     []string // in lower case
	known       uint64   // a bit for each of the known actions that it names
	notAction   bool
	resources   []pattern
	notResource bool
	conditions  []condition
	variables   []*variable // of resources and values
	from        *Statement
	questions   []Question // that arise whenever the statement matches
}

// actionBits has the bit of each known action, as it is written and in lower case.
var actionBits = func() map[string]uint64 {
	bits := map[string]uint64{}
	for i, action := range actions {
		bits[action] = 1 << i
		bits[strings.ToLower(action)] = 1 << i
	}
	return bits
}()

// Compile prepares the documents for decisions. The documents must not be changed afterwards.
func Compile(documents ...*Document) *Policies {
	p := &Policies{}
	for i, document := range documents {
		for j := range document.Statements {
			p.statements = append(p.statements, compileStatement(document, i, j))
		}
	}
	return p
}

func compileStatement(document *Document, number, index int) statement {
	from := &document.Statements[index]
	variables := document.Version == version2012
	s := statement{
		effect: from.Effect, document: number, index: index,
		notAction: from.NotAction, notResource: from.NotResource, from: from,
	}
	for _, action := range from.Actions {
		s.actions = append(s.actions, strings.ToLower(action.Text))
	}
	for i, action := range actions {
		if s.names(strings.ToLower(action)) {
			s.known |= 1 << i
		}
	}
	for _, resource := range from.Resources {
		s.resources = append(s.resources, compilePattern(resource.Text, syntax{wildcards: true, variables: variables}))
	}
	for i := range from.Conditions {
		s.conditions = append(s.conditions, compileCondition(&from.Conditions[i], variables))
	}
	s.variables = s.collectVariables()
	if !variables && hasVariable(from) {
		s.questions = append(s.questions, QuestionOldVersion)
	}
	if s.notAction {
		s.questions = append(s.questions, QuestionNotAction)
	}
	return s
}

// hasVariable reports whether ${ is in a resource or a value of a statement.
func hasVariable(s *Statement) bool {
	for _, resource := range s.Resources {
		if strings.Contains(resource.Text, "${") {
			return true
		}
	}
	for _, c := range s.Conditions {
		if strings.Contains(strings.Join(c.Values, "\n"), "${") {
			return true
		}
	}
	return false
}

// names reports whether an action in lower case is one that the statement names.
func (s *statement) names(action string) bool {
	for _, pattern := range s.actions {
		if matchWildcards(pattern, action) {
			return true
		}
	}
	return false
}
