// Package app opens what a run of the program works with: it reads the config, sets up the accounts and sources that it
// names or that credentials lead to, and makes the fleet that reads them, the journal, and the engine that carries out
// plans. Read Program, then Session. It imports the config and what lies below cmd, and no command.
package app

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"rollcall/providers"
)

// Program is one run of the program: where it reads and writes, the flags that all
// commands share, and what has to be closed at the end.
type Program struct {
	In       *os.File
	Out, Err io.Writer
	providers.Clock

	Demo   bool
	Config string
	// StartDemo starts the embedded clouds of --demo below a folder, and makes this process a client of them.
	StartDemo func(ctx context.Context, dir string) (stop func() error, err error)

	// Interrupted is closed when the program is to stop: no one waits for the journal any more.
	Interrupted <-chan struct{}

	Closers []func() error
}

// Interactive reports whether a person sits at both ends.
func (a *Program) Interactive() bool {
	out, ok := a.Out.(*os.File)
	return ok && term.IsTerminal(int(a.In.Fd())) && term.IsTerminal(int(out.Fd()))
}

// Say writes one line for a person. Machine output alone goes to stdout. There is no place to report that it could not
// be written.
func (a *Program) Say(format string, args ...any) { _, _ = fmt.Fprintf(a.Err, format+"\n", args...) }
