package textfile

import "io"

// CheckJSON returns an *Error if a JSON text is nested too deeply. It does not check that the text is JSON.
func CheckJSON(text []byte) error {
	var n nesting
	if err := n.pass(text); err != nil {
		return err
	}
	return nil
}

// JSONReader returns a reader of r's text. It ends with an *Error if the text is longer than most bytes or nested too
// deeply.
func JSONReader(r io.Reader, most int64) io.Reader { return &jsonReader{r: r, most: most, left: most} }

type jsonReader struct {
	r          io.Reader
	most, left int64
	nesting    nesting
	err        error
}

// Read implements io.Reader.
func (j *jsonReader) Read(p []byte) (int, error) {
	if j.err != nil {
		return 0, j.err
	}
	n, err := j.r.Read(p)
	within := min(int64(n), j.left)
	if bad := j.nesting.pass(p[:within]); bad != nil {
		j.err = bad
		return 0, j.err
	}
	j.left -= within
	if within < int64(n) {
		j.err = j.nesting.at.tooLong(j.most)
		return int(within), j.err
	}
	return n, err
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
