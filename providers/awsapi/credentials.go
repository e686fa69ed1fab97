package awsapi

import (
	"context"

	"rollcall/providers"
)

// Credentials returns the access key that signs calls, its secret and its session token.
func (s *Session) Credentials(ctx context.Context) ([]providers.Credential, error) {
	c, err := s.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	out := []providers.Credential{
		{What: "the AWS access key of " + s.source, Value: []byte(c.AccessKeyID)},
		{What: "the AWS secret access key of " + s.source, Value: []byte(c.SecretAccessKey)},
	}
	if c.SessionToken != "" {
		out = append(out, providers.Credential{What: "the AWS session token of " + s.source, Value: []byte(c.SessionToken)})
	}
	return out, nil
}
