package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
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

// Ask asks the person at the terminal, or at the console if it runs. A question that was left unanswered is not asked again before
// AskAgain, so that sources which need the same answer do not ask one after the other. It is a providers.Asker.
func (a *Program) Ask(ctx context.Context, q providers.Question) (string, error) {
	ask := a.Console
	if ask == nil {
		ask = a.askTerminal
	}
	if _, ok := a.unanswered.Load(q.Text); ok {
		return "", errUnanswered
	}
	answer, err := ask(ctx, q)
	if err == nil && answer == "" {
		a.unanswered.Store(q.Text, true)
		err = errUnanswered
	}
	return answer, err
}

var errUnanswered = errors.New("the question was left unanswered; the next refresh by hand, or the next command, asks it again")

// AskAgain makes questions that were left unanswered be asked again.
func (a *Program) AskAgain() { a.unanswered.Clear() }

// askTerminal asks at the terminal, one question after the other.
func (a *Program) askTerminal(ctx context.Context, q providers.Question) (string, error) {
	errw, ok := a.Err.(*os.File)
	if !ok || !term.IsTerminal(int(errw.Fd())) || !term.IsTerminal(int(a.In.Fd())) {
		return "", providers.ErrUnattended
	}
	a.questions.Lock()
	defer a.questions.Unlock()
	a.asking.Store(true)
	defer a.asking.Store(false)
	text := words.Clean(q.Text) + ": "
	if q.Note != "" {
		text = words.Clean(q.Note) + "; " + text
	}
	answer := a.ReadLine(ctx, text)
	return answer, context.Cause(ctx)
}
