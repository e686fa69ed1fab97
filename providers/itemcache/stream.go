package itemcache

import (
	"errors"
	"io"
	"strings"
)

// ErrNoList means that a body is no JSON array of objects.
var ErrNoList = errors.New("it is no list of objects")

// streamed is how much of a body is read at once. The room grows to the largest object.
const streamed = 64 << 10

// ReadJSON calls object with each object of a JSON array, in order, while the body arrives. The bytes are valid until
// object returns. Like SplitJSON it does not check the objects. invalid is ErrNoList or the first error of object; then
// the calls before it do not count. err is why the body could not be read to its end.
func ReadJSON(body io.Reader, object func([]byte) error) (invalid, err error) {
	var l jsonList
	room := make([]byte, streamed)
	rest, arrived := room[:0], error(nil) // what has arrived and was not used, and why no more does
	for {
		item, n, invalid := l.next(rest)
		rest = rest[n:]
		if item != nil {
			invalid = object(item)
		}
		switch {
		case invalid != nil:
			return invalid, nil
		case item != nil:
			continue
		case errors.Is(arrived, io.EOF) && !l.ended():
			return ErrNoList, nil
		case errors.Is(arrived, io.EOF):
			return nil, nil
		case arrived != nil:
			return nil, arrived
		}
		if len(rest) == len(room) {
			room = make([]byte, 2*len(room))
		}
		rest = room[:copy(room, rest)]
		for arrived == nil && len(rest) < len(room) { // an object that is not there yet is looked at again
			n, arrived = body.Read(room[len(rest):])
			rest = room[:len(rest)+n]
		}
	}
}

// jsonList finds the objects of a JSON array.
type jsonList struct {
	want byte // the next token: '{', ',' or wantNothing; zero for the array itself
	some bool // an object was found
}

const wantNothing = ' '

func (l *jsonList) ended() bool { return l.want == wantNothing }

// next returns the next object of what is left of an array, and how much of b was used. Without an object and an error b
// has to be longer.
func (l *jsonList) next(b []byte) (object []byte, used int, err error) {
	for ; used < len(b); used++ {
		switch c := b[used]; {
		case strings.IndexByte(jsonSpace, c) >= 0:
		case c == '[' && l.want == 0, c == ',' && l.want == ',':
			l.want = '{'
		case c == ']' && (l.want == ',' || l.want == '{' && !l.some):
			l.want = wantNothing
		case c == '{' && l.want == '{':
			n := objectLen(b[used:])
			if n < 0 {
				return nil, used, nil
			}
			l.want, l.some = ',', true
			return b[used : used+n : used+n], used + n, nil
		default:
			return nil, used, ErrNoList
		}
	}
	return nil, used, nil
}
