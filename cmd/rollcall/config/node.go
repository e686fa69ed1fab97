package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// reader reads the syntax tree instead of decoding into structs, so that every value keeps its place for later errors.
type reader struct {
	file      string
	env       providers.Environment
	providers []providers.Declaration
	screens   []string            // of Rules
	lists     map[string][]string // names of columns by list, of Rules
	anchors   map[string]ast.Node
	errs      Errors
}

// parse parses the text. A nil node without errors means an empty file.
func (r *reader) parse(data []byte) ast.Node {
	f, err := parseYAML(data)
	if bad, ok := errors.AsType[*textfile.Error](err); ok {
		r.errs = append(r.errs, tooMuch(r.file, bad))
		return nil
	}
	if err != nil {
		pos, what := Pos{File: r.file, Line: 1, Column: 1}, strings.SplitN(err.Error(), "\n", 2)[0]
		if ye, ok := errors.AsType[yaml.Error](err); ok {
			what = ye.GetMessage()
			if t := ye.GetToken(); t != nil && t.Position != nil {
				pos.Line, pos.Column = t.Position.Line, t.Position.Column
			}
		}
		do := "write it as YAML"
		if strings.Contains(what, "already defined") {
			do = "keep one of the two"
		}
		r.errs = append(r.errs, &Error{Pos: pos, What: what, Do: do})
		return nil
	}
	docs := slices.DeleteFunc(f.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(docs) == 0 {
		return nil
	}
	if len(docs) > 1 {
		r.fail(docs[1].Body, "keep one", "the file has more than one document")
	}
	return docs[0].Body
}

// parseYAML returns the syntax tree of a text within the bounds.
func parseYAML(data []byte) (f *ast.File, err error) {
	if err := textfile.CheckYAML(data); err != nil {
		return nil, err
	}
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("it cannot be read as YAML: %v", what)
		}
	}()
	return parser.ParseBytes(data, 0)
}

func (r *reader) pos(n ast.Node) Pos {
	p := Pos{File: r.file}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && m.Start != nil && m.Start.Value != "{" {
		n = m.Values[0]
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		n = v.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

func (r *reader) failAt(p Pos, do, format string, args ...any) {
	r.errs = append(r.errs, &Error{Pos: p, What: fmt.Sprintf(format, args...), Do: do})
}

func (r *reader) fail(n ast.Node, do, format string, args ...any) {
	r.failAt(r.pos(n), do, format, args...)
}

// plain returns the node with the value behind anchors, aliases and tags.
func (r *reader) plain(n ast.Node) ast.Node {
	for range 10 {
		switch t := n.(type) {
		case *ast.AnchorNode:
			r.anchors[t.Name.String()] = t.Value
			n = t.Value
		case *ast.AliasNode:
			to, ok := r.anchors[t.Value.String()]
			if !ok {
				r.fail(n, "define it above", "the alias *%s is not defined", t.Value.String())
				return nil
			}
			n = to
		case *ast.TagNode:
			n = t.Value
		case *ast.NullNode:
			return nil
		default:
			return n
		}
	}
	return nil
}

// fields maps each key that a mapping may have to the function that reads it.
type fields map[string]func(n ast.Node)

// entries returns the keys and values of a mapping, in file order.
func (r *reader) entries(n ast.Node, what string) []*ast.MappingValueNode {
	switch t := r.plain(n).(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		return t.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{t}
	default:
		r.fail(n, "write it as key: value", "%s is not a mapping", what)
		return nil
	}
}

// mapping reads a mapping of known keys.
func (r *reader) mapping(n ast.Node, what string, known fields) {
	for _, e := range r.entries(n, what) {
		key := keyText(e.Key)
		f, ok := known[key]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			r.fail(e, didYouMean(key, names, "known are "+strings.Join(names, ", ")), "unknown key %q in %s", key, what)
			continue
		}
		f(e.Value)
	}
}

// list calls f for each element of a sequence.
func (r *reader) list(n ast.Node, what string, f func(ast.Node)) {
	switch t := r.plain(n).(type) {
	case nil:
	case *ast.SequenceNode:
		for _, v := range t.Values {
			f(v)
		}
	default:
		r.fail(n, "write it as a list", "%s is not a list", what)
	}
}

func keyText(k ast.MapKeyNode) string {
	if t := k.GetToken(); t != nil {
		return t.Value
	}
	return k.String()
}

// text returns a scalar as written in the file, so that a fleet id of digits stays a text.
func (r *reader) text(n ast.Node, what string) (string, bool) {
	switch t := r.plain(n).(type) {
	case nil:
		r.fail(n, "give it a value or leave the key out", "%s is empty", what)
		return "", false
	case *ast.StringNode:
		return t.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(t.Value.Value, "\n"), true
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		r.fail(n, "write one value", "%s is not a single value", what)
		return "", false
	default:
		return t.GetToken().Value, true
	}
}

// The setters below store a value of one type, or report an error.

// to returns a function that stores what parse makes of a text. Without ok, parse has reported an error.
func to[T any](r *reader, dst *T, what string, parse func(n ast.Node, s string) (v T, ok bool)) func(ast.Node) {
	return func(n ast.Node) {
		if s, ok := r.text(n, what); ok {
			if v, ok := parse(n, s); ok {
				*dst = v
			}
		}
	}
}

func (r *reader) toString(dst *string, what string) func(ast.Node) {
	return to(r, dst, what, func(_ ast.Node, s string) (string, bool) { return s, true })
}

func (r *reader) toBool(dst *bool, what string) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (bool, bool) {
		if s != "true" && s != "false" {
			r.fail(n, "write true or false", "%s %q is neither true nor false", what, s)
			return false, false
		}
		return s == "true", true
	})
}

func (r *reader) toDuration(dst *time.Duration, what string, least, most time.Duration) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			r.fail(n, "write a number and a unit, such as 30s, 10m or 1h", "%s %q is not a duration", what, s)
		case d < least || d > most:
			r.fail(n, fmt.Sprintf("write %s to %s", short(least), short(most)), "%s %s is out of range", what, s)
		default:
			return d, true
		}
		return 0, false
	})
}

// short formats a duration without zero parts.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func (r *reader) toShare(dst *float64, what string) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (float64, bool) {
		digits, percent := strings.CutSuffix(s, "%")
		v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !percent || !(v >= 0 && v <= 100) {
			r.fail(n, "write 0% to 100%", "%s %q is not a percentage", what, s)
			return 0, false
		}
		return v / 100, true
	})
}

func toNumber[T int | uint16 | uint32](r *reader, dst *T, what string, least, most int64) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (T, bool) {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < least || v > most {
			r.fail(n, fmt.Sprintf("write a number from %d to %d", least, most), "%s %q is not valid", what, s)
			return 0, false
		}
		return T(v), true
	})
}

// mostRecords bounds a number of records.
const mostRecords = 1_000_000

// toList returns a function that stores what parse makes of each text of a list.
func toList[T any](r *reader, dst *[]T, list, what string, parse func(n ast.Node, s string) (v T, ok bool)) func(ast.Node) {
	return func(n ast.Node) {
		*dst = nil
		r.list(n, list, func(v ast.Node) {
			if s, ok := r.text(v, what); ok {
				if x, ok := parse(v, s); ok {
					*dst = append(*dst, x)
				}
			}
		})
	}
}

func (r *reader) toStrings(dst *[]string, what string) func(ast.Node) {
	return toList(r, dst, what, what, func(_ ast.Node, s string) (string, bool) { return s, true })
}

func (r *reader) toStringMap(dst *map[string]string, what string) func(ast.Node) {
	return func(n ast.Node) {
		*dst = map[string]string{}
		for _, e := range r.entries(n, what) {
			if s, ok := r.text(e.Value, what+" "+keyText(e.Key)); ok {
				(*dst)[keyText(e.Key)] = s
			}
		}
	}
}

// variableName matches the name of an environment variable (POSIX, section 8.1, in either case).
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// toEnvironment reads a mapping to names of environment variables. An invalid name is probably the secret itself, so
// the error does not show it.
func (r *reader) toEnvironment(dst *map[string]string, what string) func(ast.Node) {
	return func(n ast.Node) {
		r.toStringMap(dst, what)(n)
		for _, e := range r.entries(n, what) {
			if key := keyText(e.Key); !variableName.MatchString((*dst)[key]) {
				r.fail(e.Value, "write the name of a variable, and the value into the environment of rollcall", "%s %s is not the name of an environment variable", what, key)
			}
		}
	}
}

func (r *reader) toPrefixes(dst *[]netip.Prefix, what string) func(ast.Node) {
	return toList(r, dst, what, what, func(n ast.Node, s string) (netip.Prefix, bool) {
		p, err := parsePrefix(s)
		if err != nil {
			r.fail(n, "write an address or a prefix, such as 203.0.113.0/24", "%s %q is not a prefix", what, s)
		}
		return p, err == nil
	})
}

// parsePrefix parses a prefix, or an address as a prefix of full length.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("parse prefix: %w", err)
	}
	return p.Masked(), nil
}
