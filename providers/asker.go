package providers

import "context"

// Asker asks a person one question, such as for the code of an MFA device, and returns the answer without surrounding blanks. It
// waits until it is answered or ctx ends. An error says why there is no answer. It is safe for concurrent use; questions
// are asked one after the other.
type Asker func(ctx context.Context, question string) (answer string, err error)
