package providers

import "context"

// Credential is a value that an adapter authenticates with: a token, one part of a key pair, the secret numbers of a private key.
type Credential struct {
	What  string // e.g. "the AWS secret access key of aws-use1"; never the value
	Value []byte
}

// CredentialHolder returns what an adapter authenticates with, so that it can be kept out of what nodes are given. A key
// in an ssh-agent is not among them. The error says that there is no telling, such as a login that has expired.
type CredentialHolder interface {
	Credentials(ctx context.Context) ([]Credential, error)
}
