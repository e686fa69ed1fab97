package app

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestAQuestionIsAskedAtTheTerminal(t *testing.T) {
	person, terminal := providertest.Terminal(t)
	if _, err := person.WriteString(" 123456 \n"); err != nil {
		t.Fatal(err)
	}
	a := &Program{In: terminal, Err: terminal}
	got, err := a.Ask(t.Context(), providers.Question{Text: "MFA code of x\x1b[2J", Note: "that code was not accepted"})
	if err != nil || got != "123456" {
		t.Errorf("%q, %v", got, err)
	}
	shown, text := "", make([]byte, 256)
	for !strings.Contains(shown, "MFA code of x") { // a read may end after the echo of what was typed
		n, err := person.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		shown += string(text[:n])
	}
	if !strings.Contains(shown, "that code was not accepted; MFA code of x") || strings.Contains(shown, "\x1b") {
		t.Errorf("the terminal shows %q", shown)
	}
}
