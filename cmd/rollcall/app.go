package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// app is one run of the program: where it reads and writes, the flags that all
// commands share, and what has to be closed at the end.
type app struct {
	in       *os.File
	out, err io.Writer
	now      func() time.Time

	demo   bool
	config string
	// startDemo starts the embedded clouds of --demo below a folder, and makes this process a client of them.
	startDemo func(ctx context.Context, dir string) (stop func() error, err error)

	// interrupted is closed when the program is to stop: no one waits for the journal any more.
	interrupted <-chan struct{}

	closers []func() error
}

// interactive reports whether a person sits at both ends.
func (a *app) interactive() bool {
	out, ok := a.out.(*os.File)
	return ok && term.IsTerminal(int(a.in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// say writes one line for a person. Machine output alone goes to stdout. There is no place to report that it could not
// be written.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.err, format+"\n", args...) }
