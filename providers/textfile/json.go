package textfile

// CheckJSON returns an *Error if a JSON text is nested too deeply. It does not check that the text is JSON.
func CheckJSON(text []byte) error {
	var n nesting
	if err := n.pass(text); err != nil {
		return err
	}
	return nil
}

// nesting tracks the brackets of a JSON text.
type nesting struct {
	at      place
	depth   int
	quoted  bool
	escaped bool
	bad     *Error
}

func (n *nesting) pass(text []byte) *Error {
	if n.bad != nil {
		return n.bad
	}
	for _, c := range text {
		switch {
		case n.escaped:
			n.escaped = false
		case n.quoted:
			n.quoted = c != '"'
			n.escaped = c == '\\'
		case c == '"':
			n.quoted = true
		case c == '[' || c == '{':
			if n.depth++; n.depth > Deepest {
				n.bad = tooDeep(n.at.line+1, n.at.column+1)
				return n.bad
			}
		case c == ']' || c == '}':
			n.depth--
		}
		n.at.next(c)
	}
	return nil
}
