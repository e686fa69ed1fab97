// Package exit holds the exit codes of the program and the errors that end in one. It imports nothing of ours.
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

// Error ends the program with a code. Without an error in it, all has been said.
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

// Usagef returns the error of a mistake on the command line.
func Usagef(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// Unknownf returns the error of an answer that cannot be given, since a source that it rests on
// could not be read.
func Unknownf(format string, args ...any) error {
	return &Error{Code: Unknown, Err: fmt.Errorf(format, args...)}
}

// With returns the error that ends the program with a code when all has been said.
func With(code int) error { return &Error{Code: code} }
