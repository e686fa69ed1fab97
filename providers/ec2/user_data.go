package ec2

import (
	"context"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// UserData implements providers.UserDataReader (DescribeInstanceAttribute, attribute userData).
func (c *Cloud) UserData(ctx context.Context, id string) ([]byte, error) {
	const op = "read the user data"
	if id == "" {
		return nil, c.fail(providers.KindInvalid, op, "the instance id is empty")
	}
	in := &awsec2.DescribeInstanceAttributeInput{InstanceId: aws.String(id), Attribute: types.InstanceAttributeNameUserData}
	out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstanceAttribute, in)
	if err != nil {
		return nil, onlyInstanceNotFound(err, id)
	}
	if aws.ToString(out.InstanceId) != id {
		return nil, c.incomplete(op, "the answer is about another instance")
	}
	if out.UserData == nil { // it is there, and empty, if there is none
		return nil, c.incomplete(op, "the answer does not have it")
	}
	data, err := base64.StdEncoding.DecodeString(aws.ToString(out.UserData.Value))
	if err != nil {
		return nil, c.incomplete(op, "it cannot be read: %w", err)
	}
	return data, nil
}
