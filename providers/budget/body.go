package budget

import (
	"bytes"
	"io"
	"sync"
)

var scratch = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ReadBody returns what a body holds, at most so many bytes and one more. Unlike io.ReadAll it does not grow what it
// returns, which for the pages of a list is several times as much as they have. It is safe for concurrent use.
func ReadBody(r io.Reader, most int64) ([]byte, error) {
	buf := scratch.Get().(*bytes.Buffer)
	defer func() {
		buf.Reset()
		scratch.Put(buf)
	}()
	_, err := buf.ReadFrom(io.LimitReader(r, most+1))
	return bytes.Clone(buf.Bytes()), err
}
