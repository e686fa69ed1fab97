package app

import (
	"context"
	"errors"
	"os"
	"testing"

	"rollcall/providers"
)

func TestAQuestionThatWasLeftUnansweredIsNotAskedAgainUntilItIsWanted(t *testing.T) {
	asked := 0
	answer := ""
	a := &Program{Console: func(context.Context, providers.Question) (string, error) { asked++; return answer, nil }}
	q := providers.Question{Text: "MFA code of x"}
	for range 3 {
		if _, err := a.Ask(t.Context(), q); !errors.Is(err, errUnanswered) {
			t.Error(err)
		}
	}
	answer = "123456"
	if got, err := a.Ask(t.Context(), providers.Question{Text: "MFA code of y"}); got != answer || err != nil || asked != 2 {
		t.Errorf("another question: %q, %v, asked %d times", got, err, asked)
	}
	a.AskAgain()
	if got, err := a.Ask(t.Context(), q); got != answer || err != nil || asked != 3 {
		t.Errorf("%q, %v, asked %d times", got, err, asked)
	}
}

func TestWithoutATerminalNoQuestionIsAsked(t *testing.T) {
	in, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, a := range []*Program{{}, {In: in, Err: os.Stderr}, {In: in, Err: t.Output()}} {
		if _, err := a.Ask(t.Context(), providers.Question{Text: "MFA code of x"}); !errors.Is(err, providers.ErrUnattended) {
			t.Error(err)
		}
	}
}
