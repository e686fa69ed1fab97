package ec2

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// maxIDs is the number of instances that one DescribeInstances asks for by id. Such an answer has no pages.
const maxIDs = 500

// InstancesByID implements providers.InstancesGetter. A call fails as a whole if EC2 does not know one of its ids, and
// the error names those; the others are asked for again. Where an answer leaves open which ids it is about, they are
// asked for in halves, and at last one by one.
func (c *Cloud) InstancesByID(ctx context.Context, ids []string) map[string]providers.InstanceAnswer {
	answers := make(map[string]providers.InstanceAnswer, len(ids))
	cloud, err := providers.IdentityOf(ctx, c.Identify)
	if err != nil {
		for _, id := range ids {
			answers[id] = providers.InstanceAnswer{Err: err}
		}
		return answers
	}
	var together []string
	for _, id := range ids {
		if id != "" && instanceID.FindString(id) == id {
			together = append(together, id)
		} else { // a marker may name anything, and would make a call for all of them fail
			c.askFor(ctx, cloud, []string{id}, answers)
		}
	}
	for some := range slices.Chunk(together, maxIDs) {
		c.askFor(ctx, cloud, some, answers)
	}
	return answers
}

// askFor adds the answers about ids, which are at most maxIDs and well-formed unless there is only one.
func (c *Cloud) askFor(ctx context.Context, cloud providers.Cloud, ids []string, answers map[string]providers.InstanceAnswer) {
	const op = "ask for instances"
	if len(ids) == 0 {
		return
	}
	if len(ids) == 1 {
		inst, err := c.describe(ctx, askForOne, ids[0])
		if err != nil {
			answers[ids[0]] = providers.InstanceAnswer{Err: err}
		} else {
			answers[ids[0]] = providers.InstanceAnswer{Instance: c.instance(cloud, inst, nil)}
		}
		return
	}
	out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstances, &awsec2.DescribeInstancesInput{InstanceIds: ids})
	unanswered := func() []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := answers[id]; return ok })
	}
	switch {
	case err == nil:
		for _, res := range out.Reservations {
			for i := range res.Instances {
				if id := aws.ToString(res.Instances[i].InstanceId); slices.Contains(ids, id) {
					answers[id] = providers.InstanceAnswer{Instance: c.instance(cloud, &res.Instances[i], nil)}
				}
			}
		}
		for one := range slices.Chunk(unanswered(), 1) {
			c.askFor(ctx, cloud, one, answers)
		}
	case isAboutRequest(err):
		unknown := unknownIDs(err, ids)
		for _, id := range unknown {
			answers[id] = providers.InstanceAnswer{Err: c.fail(providers.KindNotFound, op, "the instance ID %s does not exist", id)}
		}
		rest := unanswered()
		if len(unknown) == 0 {
			c.askFor(ctx, cloud, rest[:len(rest)/2], answers)
			rest = rest[len(rest)/2:]
		}
		c.askFor(ctx, cloud, rest, answers)
	default:
		for _, id := range ids {
			answers[id] = providers.InstanceAnswer{Err: err}
		}
	}
}

// isAboutRequest reports whether an error may be due to some of the ids of a call, so that others may have an answer.
func isAboutRequest(err error) bool {
	switch providers.KindOf(err) {
	case providers.KindNotFound, providers.KindInvalid:
		return true
	}
	return false
}

// notFoundMessage matches the whole message of InvalidInstanceID.NotFound about one id or several, with the spaces in
// which the API may wrap it.
var notFoundMessage = regexp.MustCompile(`^\s*The\s+instance\s+ID(?:\s+'([^',]+)'\s+does|s\s+'([^']+,[^']+)'\s+do)\s+not\s+exist\.?\s*$`)

// unknownIDs returns the ids that EC2 names as unknown to it, or nil unless the whole message is understood and names
// only such as were asked for.
func unknownIDs(err error, asked []string) []string {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != instanceNotFound {
		return nil
	}
	m := notFoundMessage.FindStringSubmatch(api.ErrorMessage())
	if m == nil {
		return nil
	}
	ids := strings.FieldsFunc(m[1]+m[2], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(asked, id) }) {
		return nil
	}
	return ids
}
