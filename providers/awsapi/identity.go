package awsapi

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
)

// AccountID asks STS which account the credentials belong to. No permission is needed for that. An answer without an
// account is KindIncomplete.
func (s *Session) AccountID(ctx context.Context) (string, error) {
	out, err := Call(ctx, s.Read, "ask which account this is", s.sts().GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	id := aws.ToString(out.Account)
	if id == "" {
		return "", &providers.Error{Kind: providers.KindIncomplete, Source: s.source, Op: "ask which account this is", Err: errors.New("the answer names no account")}
	}
	return id, nil
}
