package providers

import (
	"context"
	"errors"
)

// Question is what a person is asked.
type Question struct {
	Text string // what is wanted, such as "MFA code of arn:aws:iam::123456789012:mfa/ops for profile prod"
	Note string // why it is asked once more; may be empty
}

// Asker asks a person a question and returns the answer without surrounding blanks. It waits until it is answered or ctx ends. An error
// says why there is no answer; ErrUnattended is in its chain if there is no person to ask. It is safe for concurrent use.
type Asker func(ctx context.Context, q Question) (answer string, err error)

// ErrUnattended is the error of a question where there is no person to ask.
var ErrUnattended = errors.New("there is no terminal to ask at")
