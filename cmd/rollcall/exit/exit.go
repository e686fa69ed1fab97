// Package exit defines the program's exit codes and the errors that carry them. It imports nothing of rollcall.
package exit

import "fmt"

// The exit codes.
const (
	Done    = 0
	Failed  = 1
	Usage   = 2
	Drift   = 3
	Unknown = 4
)

// Error ends the program with a code. Without a wrapped error nothing more is printed.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Usagef returns an error for a mistake on the command line.
func Usagef(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// Unknownf returns an error for an answer that is unknown because a source for it could not be read.
func Unknownf(format string, args ...any) error {
	return &Error{Code: Unknown, Err: fmt.Errorf(format, args...)}
}

// With returns an error that ends the program with a code and prints nothing.
func With(code int) error { return &Error{Code: code} }
