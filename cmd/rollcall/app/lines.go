package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files of JSON lines in the state folder: several processes append to one, each in one write.

const longestLine = 1 << 20

// appendLines appends objects in one write, one a line.
func appendLines[T any](path string, list ...T) error {
	var lines bytes.Buffer
	for i := range list {
		line, err := json.Marshal(list[i])
		if err != nil {
			return fmt.Errorf("write a line: %w", err)
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open a file to append to: %w", err)
	}
	text := lines.Bytes()
	if isTorn(f) {
		text = append([]byte{'\n'}, text...)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("append lines: %w", err)
	}
	return nil
}

// isTorn reports whether a file ends within a line, because a writer was stopped.
func isTorn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// readLines returns the objects of a file; none if there is no such file. A line that cannot be read is left out.
func readLines[T any](path string) (out []T, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read lines: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var object T
		if json.Unmarshal(lines.Bytes(), &object) == nil {
			out = append(out, object)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}
