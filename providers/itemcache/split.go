package itemcache

import "bytes"

// SplitJSON returns the objects of a JSON array, in order, as slices of body. It checks the array itself but not its
// objects. ok is false for anything else, such as an array of other values.
func SplitJSON(body []byte) (items [][]byte, ok bool) {
	var l jsonList
	items = [][]byte{}
	for {
		item, n, err := l.next(body)
		switch {
		case item != nil:
			items, body = append(items, item), body[n:]
		case err != nil || !l.ended():
			return nil, false
		default:
			return items, true
		}
	}
}

// jsonSpace are the blanks between tokens (RFC 8259, section 2).
const jsonSpace = " \t\n\r"

// objectLen returns the length of the JSON object that b starts with, or -1 if it does not end.
func objectLen(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			n := stringLen(b[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		}
	}
	return -1
}

// stringLen returns the length of the JSON string that b starts with, or -1 if it does not end.
func stringLen(b []byte) int {
	for i := 1; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n + 1
		escapes := 0
		for b[i-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// WithoutObject returns a JSON object without the value of the member with this name, if it is an object itself: an empty
// one stands in its place. So large values need not be decoded to be ignored. It overwrites object.
func WithoutObject(object []byte, name string) []byte {
	depth := 0
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			n := stringLen(object[i:])
			if n < 0 {
				return object
			}
			after := i + n
			found := depth == 1 && string(object[i+1:after-1]) == name
			i = after - 1
			if !found {
				continue
			}
			rest := bytes.TrimLeft(object[after:], jsonSpace)
			if len(rest) == 0 || rest[0] != ':' { // it is a value
				continue
			}
			rest = bytes.TrimLeft(rest[1:], jsonSpace)
			if len(rest) == 0 || rest[0] != '{' {
				return object
			}
			if n = objectLen(rest); n < 0 {
				return object
			}
			return append(append(object[:len(object)-len(rest)], "{}"...), rest[n:]...)
		}
	}
	return object
}

// Span is the position of an item in a body: body[From:To].
type Span struct{ From, To int }

// SplitXML returns the child elements of the first element named list, in order. It supports what AWS writes: elements
// below list have no attributes, and there are no comments, CDATA sections or processing instructions. ok is false for
// anything else, and if there is no such element.
func SplitXML(body []byte, list string) (items []Span, ok bool) {
	open := []byte("<" + list + ">")
	at := bytes.Index(body, open)
	if at < 0 || bytes.Contains(body, []byte("<!")) {
		return nil, false
	}
	at += len(open)
	depth, from := 0, 0
	for {
		i := bytes.IndexByte(body[at:], '<')
		if i < 0 {
			return nil, false
		}
		if depth == 0 && len(bytes.TrimLeft(body[at:at+i], jsonSpace)) > 0 {
			return nil, false // text between the items
		}
		at += i
		n := bytes.IndexByte(body[at:], '>')
		if n < 2 || body[at+1] == '?' || bytes.IndexByte(body[at:at+n], '=') >= 0 {
			return nil, false
		}
		switch {
		case body[at+1] == '/' && depth == 0:
			return items, string(body[at+2:at+n]) == list
		case body[at+1] == '/':
			if depth--; depth == 0 {
				items = append(items, Span{from, at + n + 1})
			}
		case body[at+n-1] == '/':
			if depth == 0 {
				items = append(items, Span{at, at + n + 1})
			}
		default:
			if depth == 0 {
				from = at
			}
			depth++
		}
		at += n + 1
	}
}
