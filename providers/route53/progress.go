package route53

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

var _ providers.Propagator = (*Account)(nil)

// Propagated reports whether the change is INSYNC by GetChange: every name server of the zone has it. Credentials
// without route53:GetChange get KindAuth.
func (a *Account) Propagated(ctx context.Context, ticket string) (bool, error) {
	const op = "ask how far a change has got"
	if ticket == "" {
		return false, a.fail(providers.KindInvalid, op, "the change has no id")
	}
	out, err := awsapi.Call(ctx, a.s.Read, op, a.api.GetChange, &awsr53.GetChangeInput{Id: aws.String(ticket)})
	if err != nil {
		return false, err
	}
	if out.ChangeInfo == nil || strings.TrimPrefix(aws.ToString(out.ChangeInfo.Id), "/change/") != ticket {
		return false, a.incomplete(op, "the answer is about another change")
	}
	switch out.ChangeInfo.Status {
	case types.ChangeStatusInsync:
		return true, nil
	case types.ChangeStatusPending:
		return false, nil
	}
	return false, a.incomplete(op, "the status %q is not known", awsapi.Clean(string(out.ChangeInfo.Status)))
}
