package textfile

import (
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// CheckYAML returns an *Error if a YAML text is nested too deeply. The parser's time and memory, unlike the lexer's,
// grow with the square of the depth. It does not check that the text is YAML.
func CheckYAML(text []byte) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &Error{Line: 1, Column: 1, Why: fmt.Sprintf("it cannot be read as YAML: %v", what)}
		}
	}()
	var n blocks
	for _, t := range lexer.Tokenize(string(text)) {
		if t.Position != nil && !n.pass(t) {
			return tooDeep(t.Position.Line, t.Position.Column)
		}
	}
	return nil
}

// blocks tracks nesting in a YAML text: brackets, indentation, and prefixes of one value such as the dashes of "- - -
// a".
type blocks struct {
	line    int
	flow    int   // open brackets
	chain   int   // prefixes of one value
	columns []int // of the enclosing lines
}

// pass processes the next token. It returns false if the text is too deep.
func (b *blocks) pass(t *token.Token) bool {
	if t.Position.Line != b.line && b.flow == 0 {
		b.line, b.chain = t.Position.Line, 0
		if t.Type != token.CommentType {
			at := t.Position.Column
			for len(b.columns) > 0 && b.columns[len(b.columns)-1] >= at {
				b.columns = b.columns[:len(b.columns)-1]
			}
			b.columns = append(b.columns, at)
		}
	}
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		b.flow++
		b.chain = 0
	case token.SequenceEndType, token.MappingEndType:
		b.flow = max(b.flow-1, 0)
		b.chain = 0
	case token.CollectEntryType:
		b.chain = 0
	case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType, token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
		b.chain++
	}
	return b.flow+b.chain+len(b.columns) <= Deepest
}
