package userdata

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"rollcall/providers/textfile"
)

// ParseValues parses the values of variables from YAML: one mapping of names to scalars. Numbers and booleans keep
// their spelling. file names the text in errors, which are Problems with file and line.
func ParseValues(file string, text []byte) (map[string]string, error) {
	err := textfile.CheckYAML(text)
	var doc *ast.File
	if err == nil {
		doc, err = parser.ParseBytes(text, 0)
	}
	if err != nil {
		line, what := yamlMistake(err)
		return nil, Problems{fmt.Sprintf("%s:%d: %s", file, line, what)}
	}
	out := map[string]string{}
	var wrong Problems
	for i, d := range doc.Docs {
		if d.Body == nil {
			continue
		}
		values, ok := d.Body.(ast.MapNode)
		if !ok || i > 0 {
			return nil, append(wrong, fmt.Sprintf("%s:%d: write one mapping of variables to values, such as port: 8080", file, lineOfNode(d.Body)))
		}
		for it := values.MapRange(); it.Next(); {
			name, line := it.Key().GetToken().Value, lineOfNode(it.Key())
			if _, twice := out[name]; twice {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s is there twice", file, line, name))
				continue
			}
			value, ok := scalarText(it.Value())
			if !ok {
				wrong = append(wrong, fmt.Sprintf("%s:%d: the value of %s is not one line of text", file, line, name))
				continue
			}
			out[name] = value
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return out, nil
}

func lineOfNode(n ast.Node) int {
	if t := n.GetToken(); t != nil {
		return t.Position.Line
	}
	return 1
}

// scalarText returns a scalar as it is spelled: 0080 stays 0080.
func scalarText(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.NullNode:
		return "", true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		t := n.GetToken()
		if t.Type == token.BoolType {
			if b, err := strconv.ParseBool(t.Value); err == nil {
				return strconv.FormatBool(b), true
			}
		}
		return t.Value, true
	}
	return "", false
}
