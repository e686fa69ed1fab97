package main

import "fmt"

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitDrift   = 3
	exitUnknown = 4
)

// codeError ends the program with a code. Without an error in it, all has been said.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

// usagef is a mistake on the command line.
func usagef(format string, args ...any) error {
	return &codeError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// unknownf is an answer that cannot be given, since a source that it rests on
// could not be read.
func unknownf(format string, args ...any) error {
	return &codeError{code: exitUnknown, err: fmt.Errorf(format, args...)}
}

// ended ends the program with a code when all has been said.
func ended(code int) error { return &codeError{code: code} }
