// Package textfile reads JSON and YAML files of people and other programs within bounds, so that no parser gets a text
// that is too long or too deeply nested.
//
// The package imports nothing of rollcall.
package textfile

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Deepest is the deepest allowed nesting.
const Deepest = 100

// Error is the place in a text where a bound is exceeded. Line and Column count from 1.
type Error struct {
	Line, Column int
	Why          string
}

// Error returns one line with the place.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Why)
}

func tooDeep(line, column int) *Error {
	return &Error{Line: line, Column: column, Why: fmt.Sprintf("it is nested more than %d levels deep", Deepest)}
}

// Read returns the content of a file, or an *Error if it has more than most bytes. It reads no more than that.
func Read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return ReadAll(f, most)
}

// ReadContext is Read with an error that wraps ctx's if ctx ends first. A read from a named pipe without a writer would
// otherwise never end.
func ReadContext(ctx context.Context, path string, most int64) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	ended := make(chan result, 1)
	go func() {
		data, err := Read(path, most)
		ended <- result{data, err}
	}()
	select {
	case r := <-ended:
		return r.data, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("stopped before %s was read: %w", path, context.Cause(ctx))
	}
}

// ReadAll is Read for an open reader.
func ReadAll(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		var p place
		p.pass(data[:most])
		return nil, p.tooLong(most)
	}
	return data, nil
}

// place is a position in a text.
type place struct{ line, column int } // from 0

func (p *place) pass(text []byte) {
	for _, c := range text {
		p.next(c)
	}
}

func (p *place) next(c byte) {
	switch {
	case c == '\n':
		p.line++
		p.column = 0
	case c&0xc0 != 0x80: // not inside a character
		p.column++
	}
}

func (p *place) tooLong(most int64) *Error {
	size := fmt.Sprintf("%d bytes", most)
	if most >= 1<<20 {
		size = fmt.Sprintf("%d MiB", most>>20)
	}
	return &Error{Line: p.line + 1, Column: p.column + 1, Why: "it is longer than " + size}
}
