package cli

import (
	"bytes"
	"errors"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
)

func TestTheWordsOfAProviderAreNotTakenForThoseOfASignal(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	a := &commands{Program: &app.Program{Err: &said}}
	if code := a.exit(errors.New("zone example.com: the gateway says: context canceled")); code != exit.Failed || said.String() != "rollcall: zone example.com: the gateway says: context canceled\n" {
		t.Errorf("exit code %d: %s", code, said.String())
	}
}
