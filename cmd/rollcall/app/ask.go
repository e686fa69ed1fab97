package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// ReadLine asks the person at the terminal, and returns the line that is typed, without surrounding blanks. It returns "" if ctx ends
// first.
func (a *Program) ReadLine(ctx context.Context, question string) string {
	_, _ = fmt.Fprint(a.Err, question)
	line := make(chan string, 1)
	go func() {
		text, err := bufio.NewReader(a.In).ReadString('\n')
		if err != nil && err != io.EOF {
			text = ""
		}
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text
	case <-ctx.Done():
		return ""
	}
}
