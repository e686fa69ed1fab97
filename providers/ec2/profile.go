package ec2

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"rollcall/providers"
)

// NodeProfile is an instance profile for nodes, with its role of the same name.
type NodeProfile struct {
	Name        string
	Description string
	Trust       string // trust policy of the role, as JSON
	Policy      string // inline policy of the role, as JSON
}

// rolePolicy is the name of the inline policy of roles that rollcall creates.
const rolePolicy = "rollcall"

// profileState is the state of a node profile in IAM.
type profileState struct {
	role, policy, profile, linked bool
}

// MissingProfile returns what CreateProfile would create, one sentence each, without changing anything. A different
// role or profile of that name is a conflict, since it belongs to another owner or to other nodes.
func (c *Cloud) MissingProfile(ctx context.Context, p NodeProfile) ([]string, error) {
	have, err := c.profile(ctx, p)
	if err != nil {
		return nil, err
	}
	var todo []string
	if !have.role {
		todo = append(todo, "role "+p.Name+", which EC2 instances can take on")
	}
	if !have.policy {
		todo = append(todo, "inline policy "+rolePolicy+" of the role "+p.Name)
	}
	if !have.profile {
		todo = append(todo, "instance profile "+p.Name)
	}
	if !have.linked {
		todo = append(todo, "the role "+p.Name+" in the instance profile "+p.Name)
	}
	return todo, nil
}

// CreateProfile creates what MissingProfile returns and leaves existing parts unchanged. It can be repeated. For half a
// minute afterwards Launch waits until EC2 knows the new profile.
func (c *Cloud) CreateProfile(ctx context.Context, p NodeProfile) error {
	have, err := c.profile(ctx, p)
	if err != nil {
		return err
	}
	api := c.iam()
	name := aws.String(p.Name)
	step := func(done bool, op string, call func(context.Context) error) {
		if !done && err == nil {
			if err = c.s.Repeat(ctx, op, call); codeOf(err) == "EntityAlreadyExists" {
				err = nil // a lost reply, or a concurrent creation: the next read shows it
			}
		}
	}
	step(have.role, "create the role "+p.Name, func(ctx context.Context) error {
		_, err := api.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(p.Trust), Description: aws.String(p.Description)})
		return err
	})
	step(have.policy, "write the policy of the role "+p.Name, func(ctx context.Context) error {
		_, err := api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String(rolePolicy), PolicyDocument: aws.String(p.Policy)})
		return err
	})
	step(have.profile, "create the instance profile "+p.Name, func(ctx context.Context) error {
		_, err := api.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name})
		return err
	})
	step(have.linked, "put the role into the instance profile "+p.Name, func(ctx context.Context) error {
		_, err := api.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})
		if codeOf(err) == "LimitExceeded" {
			return nil // it exists; whether it is the wanted one is checked below
		}
		return err
	})
	if err != nil {
		return err
	}
	if have, err = c.profile(ctx, p); err != nil {
		return err
	}
	if have != (profileState{true, true, true, true}) {
		return c.fail(providers.KindIncomplete, "create the instance profile "+p.Name, "IAM does not show all of it yet; try again in some seconds")
	}
	c.newProfiles.Store(p.Name, c.s.Now())
	return nil
}

func (c *Cloud) iam() *iam.Client {
	return iam.NewFromConfig(c.s.Config, func(o *iam.Options) { o.BaseEndpoint = c.s.Endpoint(iam.ServiceID) })
}

// profile reads a profile from IAM and returns an error if it is not the wanted one.
func (c *Cloud) profile(ctx context.Context, p NodeProfile) (have profileState, err error) {
	api := c.iam()
	op := "look for the instance profile " + p.Name
	name := aws.String(p.Name)
	found := func(call func(context.Context) error) (bool, error) {
		err := c.s.Read(ctx, op, call)
		if providers.KindOf(err) == providers.KindNotFound {
			return false, nil
		}
		return err == nil, err
	}
	var role *iam.GetRoleOutput
	if have.role, err = found(func(ctx context.Context) (err error) {
		role, err = api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		return err
	}); err != nil {
		return have, err
	}
	if have.role {
		var policy *iam.GetRolePolicyOutput
		if have.policy, err = found(func(ctx context.Context) (err error) {
			policy, err = api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String(rolePolicy)})
			return err
		}); err != nil {
			return have, err
		}
		switch {
		case aws.ToString(role.Role.Description) != p.Description || !sameDocument(aws.ToString(role.Role.AssumeRolePolicyDocument), p.Trust):
			return have, c.fail(providers.KindConflict, op, "there is a role %s that was not made for these nodes; choose another name, or launch with it as it is", p.Name)
		case have.policy && !sameDocument(aws.ToString(policy.PolicyDocument), p.Policy):
			return have, c.fail(providers.KindConflict, op, "the role %s has another policy, which other nodes may need; choose another name, or change it by hand: rollcall policy aws prints policies", p.Name)
		}
	}
	var profile *iam.GetInstanceProfileOutput
	if have.profile, err = found(func(ctx context.Context) (err error) {
		profile, err = api.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: name})
		return err
	}); err != nil || !have.profile {
		return have, err
	}
	for _, r := range profile.InstanceProfile.Roles {
		if aws.ToString(r.RoleName) != p.Name {
			return have, c.fail(providers.KindConflict, op, "there is an instance profile %s with another role, %s; choose another name, or launch with it as it is", p.Name, aws.ToString(r.RoleName))
		}
		have.linked = true
	}
	return have, nil
}

// sameDocument compares policies as values. IAM returns them URL-encoded.
func sameDocument(encoded, want string) bool {
	plain, err := url.PathUnescape(encoded)
	if err != nil {
		return false
	}
	var a, b any
	return json.Unmarshal([]byte(plain), &a) == nil && json.Unmarshal([]byte(want), &b) == nil && reflect.DeepEqual(a, b)
}

func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if e, ok := errors.AsType[*providers.Error](err); ok {
		return e.Code
	}
	return ""
}

// EC2 does not know a new profile for some seconds (IAM User Guide, "Changes that I make are not always immediately
// visible").
const (
	profileSpread = 30 * time.Second
	profilePause  = time.Second
)

// unknownProfile pauses and returns true if a launch failed because its profile is so new that EC2 does not know it
// yet.
func (c *Cloud) unknownProfile(ctx context.Context, name string, err error) bool {
	made, ok := c.newProfiles.Load(name)
	if !ok || err == nil || !strings.Contains(err.Error(), "Invalid IAM Instance Profile") {
		return false
	}
	if at, ok := made.(time.Time); !ok || c.s.Now().Sub(at) > profileSpread {
		return false
	}
	return c.s.Sleep(ctx, profilePause) == nil
}
