package ui

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

// terminal lends the terminal to a child, or to the shell that started the console, and takes it back.
type terminal struct {
	lent      atomic.Bool
	continued atomic.Int64 // when stopProcess was last continued, in Unix nanoseconds
	// foreground is called when a child gets the terminal and when it has ended. The signals of the keyboard are the
	// child's meanwhile.
	foreground func(child bool)
}

// Messages of a continuation, and of the terminal's return.
type (
	continuedMsg struct{} // SIGCONT, while the terminal was not lent: the shell may have changed its modes
	returnedMsg  struct{ then tea.Msg }
)

// lend runs a function while the terminal is as it was before the console. The screen is drawn anew afterwards.
func (x *terminal) lend(run command, then func(error) tea.Msg) tea.Cmd {
	lent := command(func(in io.Reader, out, errw io.Writer) error {
		x.lent.Store(true)
		defer x.lent.Store(false)
		return run(in, out, errw)
	})
	return tea.Exec(&execution{run: lent}, func(err error) tea.Msg { return returnedMsg{then(err)} })
}

// child runs a program in the terminal.
func (x *terminal) child(c *exec.Cmd, then func(error) tea.Msg) tea.Cmd {
	return x.lend(func(in io.Reader, out, errw io.Writer) error {
		c.Stdin, c.Stdout, c.Stderr = in, out, errw
		if x.foreground != nil {
			x.foreground(true)
			defer x.foreground(false)
		}
		defer x.leaveSignals()()
		return c.Run()
	}, then)
}

// program runs a program in the terminal like child, and waits then for enter, so that what it printed can be read.
func (x *terminal) program(c *exec.Cmd, name string, then func(error) tea.Msg) tea.Cmd {
	return x.lend(func(in io.Reader, out, errw io.Writer) error {
		c.Stdin, c.Stdout, c.Stderr = in, out, errw
		if x.foreground != nil {
			x.foreground(true)
			defer x.foreground(false)
		}
		defer x.leaveSignals()()
		err := c.Run()
		end := " has ended"
		if err != nil {
			end = ": " + err.Error()
		}
		_, _ = fmt.Fprintf(out, "\nrollcall: %s%s; enter goes back\n", name, end)
		_, _ = bufio.NewReader(in).ReadString('\n')
		return err
	}, then)
}

// suspend stops the console until the shell continues it.
func (x *terminal) suspend() tea.Cmd {
	return x.lend(func(io.Reader, io.Writer, io.Writer) error { return x.stopProcess() }, func(err error) tea.Msg {
		if err != nil {
			return common.NoticeMsg{Kind: common.ToneWarn, Text: err.Error()}
		}
		return nil
	})
}

// restore sets the modes of the terminal again and draws the screen anew.
func (x *terminal) restore() tea.Cmd {
	return x.lend(func(io.Reader, io.Writer, io.Writer) error { return nil }, func(error) tea.Msg { return nil })
}

// errNotStopped is the error of a suspension for which no shell waits.
var errNotStopped = errors.New("the console cannot be suspended here: no shell started it that could bring it back")

// command is what runs with the terminal.
type command func(in io.Reader, out, errw io.Writer) error

// execution is a command as tea.Exec takes it.
type execution struct {
	run       command
	in        io.Reader
	out, errw io.Writer
}

// Run implements tea.ExecCommand.
func (e *execution) Run() error { return e.run(e.in, e.out, e.errw) }

// SetStdin implements tea.ExecCommand.
func (e *execution) SetStdin(r io.Reader) { e.in = r }

// SetStdout implements tea.ExecCommand.
func (e *execution) SetStdout(w io.Writer) { e.out = w }

// SetStderr implements tea.ExecCommand.
func (e *execution) SetStderr(w io.Writer) { e.errw = w }

// returned draws the screen anew after the terminal has come back.
func (m *Model) returned(msg returnedMsg) tea.Cmd {
	return tea.Sequence(tea.ClearScreen, func() tea.Msg { return msg.then })
}
