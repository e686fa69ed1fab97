package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// Launch starts one instance. Its client token is derived from LaunchID and Index, so EC2 answers a repeated request
// with the instance of the first.
func (c *Cloud) Launch(ctx context.Context, req providers.LaunchRequest) (providers.Instance, error) {
	const op = "launch an instance"
	in, err := c.runInput(op, req)
	if err != nil {
		return providers.Instance{}, err
	}
	cloud, err := c.Identify(ctx)
	if err != nil {
		return providers.Instance{}, err
	}
	var out *awsec2.RunInstancesOutput
	for {
		out, err = awsapi.Call(ctx, c.s.Repeat, op, c.ec2.RunInstances, in)
		if !c.unknownProfile(ctx, req.Profile, err) {
			break
		}
	}
	if codeOf(err) == "IdempotentInstanceTerminated" { // it was launched, and has ended since
		return c.FindLaunch(ctx, req.LaunchID, req.Index)
	}
	if err != nil {
		return providers.Instance{}, err
	}
	if len(out.Instances) != 1 || aws.ToString(out.Instances[0].InstanceId) == "" {
		return providers.Instance{}, c.fail(providers.KindUncertain, op, "EC2 answered with %d instances where one was asked for", len(out.Instances))
	}
	return c.instance(cloud, &out.Instances[0], nil), nil
}

// FindLaunch returns the instance with the client token of a launch. EC2 shows it for about an hour after its
// termination.
func (c *Cloud) FindLaunch(ctx context.Context, launchID string, index int) (providers.Instance, error) {
	const op = "look for a launch"
	if launchID == "" {
		return providers.Instance{}, c.fail(providers.KindInvalid, op, "the launch has no id")
	}
	cloud, err := c.Identify(ctx)
	if err != nil {
		return providers.Instance{}, err
	}
	token := clientToken(launchID, index, c.region)
	var found *types.Instance
	err = c.pages(op, func(next *string) (*string, error) {
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstances, &awsec2.DescribeInstancesInput{
			Filters: []types.Filter{{Name: aws.String("client-token"), Values: []string{token}}}, NextToken: next,
		})
		if err != nil {
			return nil, err
		}
		for _, res := range out.Reservations {
			for i := range res.Instances {
				// An API may ignore the filter, so the token is checked here too.
				if aws.ToString(res.Instances[i].ClientToken) == token {
					found = &res.Instances[i]
				}
			}
		}
		return out.NextToken, nil
	})
	switch {
	case err != nil:
		return providers.Instance{}, err
	case found == nil:
		return providers.Instance{}, c.fail(providers.KindNotFound, op, "EC2 shows no instance of launch %s/%d", providers.Brief(launchID), index)
	}
	return c.instance(cloud, found, nil), nil
}

func (c *Cloud) runInput(op string, req providers.LaunchRequest) (*awsec2.RunInstancesInput, error) {
	switch {
	case req.LaunchID == "":
		return nil, c.fail(providers.KindInvalid, op, "the launch has no id, so it could not be repeated safely")
	case req.Image == "" || req.Size == "":
		return nil, c.fail(providers.KindInvalid, op, "the launch names no image or no instance type")
	case len(req.UserData) > MaxUserData:
		return nil, c.fail(providers.KindInvalid, op, "the user data has %d bytes, the limit of EC2 is %d; shorten the template or its variables", len(req.UserData), MaxUserData)
	}
	in := &awsec2.RunInstancesInput{
		ImageId: aws.String(req.Image), InstanceType: types.InstanceType(req.Size),
		MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ClientToken: aws.String(clientToken(req.LaunchID, req.Index, c.region)),
		MetadataOptions: &types.InstanceMetadataOptionsRequest{
			HttpTokens: types.HttpTokensStateRequired, HttpEndpoint: types.InstanceMetadataEndpointStateEnabled,
		},
	}
	if req.Network != "" {
		in.SubnetId = aws.String(req.Network)
	}
	if req.KeyPair != "" {
		in.KeyName = aws.String(req.KeyPair)
	}
	if req.Profile != "" {
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: aws.String(req.Profile)}
	}
	if len(req.UserData) > 0 {
		in.UserData = aws.String(base64.StdEncoding.EncodeToString(req.UserData))
	}
	list := launchTags(req)
	if !slices.ContainsFunc(list, func(t types.Tag) bool { return !metadataTag.MatchString(aws.ToString(t.Key)) }) {
		// The node reads its name from the metadata.
		in.MetadataOptions.InstanceMetadataTags = types.InstanceMetadataTagsStateEnabled
	}
	for _, what := range []types.ResourceType{types.ResourceTypeInstance, types.ResourceTypeVolume} {
		in.TagSpecifications = append(in.TagSpecifications, types.TagSpecification{ResourceType: what, Tags: list})
	}
	return in, nil
}

// metadataTag matches the tag keys that EC2 accepts when tags appear in instance metadata (EC2 User Guide, "View tags
// for your EC2 instances using instance metadata"). It refuses launches with others.
var metadataTag = regexp.MustCompile(`^[A-Za-z0-9+=._,:@-]+$`)

// launchTags returns the tags in a fixed order, because a repeated request with the same client token must be
// identical.
func launchTags(req providers.LaunchRequest) []types.Tag {
	all := maps.Clone(req.Tags)
	if all == nil {
		all = map[string]string{}
	}
	if req.Name != "" {
		all["Name"] = req.Name
	}
	all[providers.TagLaunch] = req.LaunchID + "/" + strconv.Itoa(req.Index)
	var list []types.Tag
	for _, k := range slices.Sorted(maps.Keys(all)) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(all[k])})
	}
	return list
}

// clientToken returns at most 64 ASCII characters, the limit of RunInstances.
func clientToken(launch string, index int, region string) string {
	sum := sha256.Sum256([]byte(launch + "\x00" + strconv.Itoa(index) + "\x00" + region))
	return "rollcall-" + hex.EncodeToString(sum[:24])
}
