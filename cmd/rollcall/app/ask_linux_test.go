package app

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"rollcall/providers"
)

func TestAQuestionIsAskedAtTheTerminal(t *testing.T) {
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("this machine has no pseudo-terminals:", err)
	}
	defer person.Close()
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if _, err := person.WriteString(" 123456 \n"); err != nil {
		t.Fatal(err)
	}
	a := &Program{In: terminal, Err: terminal}
	got, err := a.Ask(t.Context(), providers.Question{Text: "MFA code of x\x1b[2J", Note: "that code was not accepted"})
	if err != nil || got != "123456" {
		t.Errorf("%q, %v", got, err)
	}
	text := make([]byte, 256)
	n, err := person.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if shown := string(text[:n]); !strings.Contains(shown, "that code was not accepted; MFA code of x") || strings.Contains(shown, "\x1b") {
		t.Errorf("the terminal shows %q", shown)
	}
}
