package awsfront

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The limits of inline policies in characters without white space ("IAM and AWS STS quotas" in the IAM User Guide): of one
// policy of a role, and of all policies of a user.
const (
	rolePolicyLimit = 10240
	userPolicyLimit = 2048
)

// inlinePolicies are the inline policies of a role or a user.
type inlinePolicies struct {
	kind, owner string            // Role or User, and its name
	byName      map[string]string // documents
	limit       int
}

// inline returns the inline policies that a call is about.
func (c *iamCall) inline() (inlinePolicies, *apiError) {
	if strings.Contains(c.action(), "Role") {
		r, err := c.role()
		if err != nil {
			return inlinePolicies{}, err
		}
		return inlinePolicies{"Role", r.name, r.policies, rolePolicyLimit}, nil
	}
	u, err := c.user()
	if err != nil {
		return inlinePolicies{}, err
	}
	return inlinePolicies{"User", u.name, u.policies, userPolicyLimit}, nil
}

func (c *iamCall) putInlinePolicy() *apiError {
	p, err := c.inline()
	if err != nil {
		return err
	}
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return err
	}
	doc, err := c.document("PolicyDocument", p.limit)
	if err != nil {
		return err
	}
	if p.kind == "User" {
		size := len(strings.Join(strings.Fields(doc), ""))
		for n, other := range p.byName {
			if n != name {
				size += len(strings.Join(strings.Fields(other), ""))
			}
		}
		if size > p.limit {
			return conflict("LimitExceeded", "Maximum policy size of "+strconv.Itoa(p.limit)+" bytes exceeded for user "+p.owner)
		}
	}
	p.byName[name] = doc
	return nil
}

// inlinePolicy returns the name of the policy that a call is about, and the policies that it is among.
func (c *iamCall) inlinePolicy() (p inlinePolicies, name string, err *apiError) {
	if p, err = c.inline(); err != nil {
		return p, "", err
	}
	if name, err = c.name("PolicyName", 128); err != nil {
		return p, "", err
	}
	if _, ok := p.byName[name]; !ok {
		return p, "", noEntity("The %s policy with name %s cannot be found.", strings.ToLower(p.kind), name)
	}
	return p, name, nil
}

func (c *iamCall) getInlinePolicy() *apiError {
	p, name, err := c.inlinePolicy()
	if err != nil {
		return err
	}
	c.x.els(p.kind+"Name", p.owner, "PolicyName", name, "PolicyDocument", encoded(p.byName[name]))
	return nil
}

func (c *iamCall) deleteInlinePolicy() *apiError {
	p, name, err := c.inlinePolicy()
	if err != nil {
		return err
	}
	delete(p.byName, name)
	return nil
}

func (c *iamCall) listInlinePolicies() *apiError {
	p, err := c.inline()
	if err != nil {
		return err
	}
	return c.answerList("PolicyNames", slices.Sorted(maps.Keys(p.byName)), func(n string) { c.x.text(n) })
}
