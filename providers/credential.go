package providers

import "context"

// Credential is a secret that an adapter authenticates with: a token, one part of a key pair, or the numbers of a
// private key.
type Credential struct {
	What  string // e.g. "the AWS secret access key of aws-use1"; never the value
	Value []byte
}

// CredentialHolder returns the secrets that an adapter authenticates with, so that they can be kept out of what nodes
// receive. Keys in an ssh-agent are not included. An error, such as an expired login, means that they are unknown.
type CredentialHolder interface {
	Credentials(ctx context.Context) ([]Credential, error)
}
