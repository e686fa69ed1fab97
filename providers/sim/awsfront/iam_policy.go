package awsfront

import (
	"net/http"
	"slices"
	"time"
)

// managedPolicy is a policy of the account for users.
type managedPolicy struct {
	entity
	arn, document string
}

const managedPolicyLimit = 6144 // characters without white space

func (c *iamCall) attachments(arn string) (n int) {
	for _, u := range c.users {
		if slices.Contains(u.attached, arn) {
			n++
		}
	}
	return n
}

func (c *iamCall) writePolicy(p *managedPolicy) {
	c.x.els("PolicyName", p.name, "PolicyId", p.id, "Arn", p.arn, "Path", p.path, "DefaultVersionId", "v1")
	c.x.num("AttachmentCount", c.attachments(p.arn))
	c.x.els("IsAttachable", "true", "CreateDate", p.created.UTC().Format(time.RFC3339), "UpdateDate", p.created.UTC().Format(time.RFC3339))
}

func (c *iamCall) createPolicy() *apiError {
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return err
	}
	doc, err := c.document("PolicyDocument", managedPolicyLimit)
	if err != nil {
		return err
	}
	p := &managedPolicy{entity: c.newEntity(name, "ANPA"), document: doc}
	p.arn = "arn:aws:iam::" + c.account + ":policy" + p.path + name
	if _, ok := c.managed[p.arn]; ok {
		return exists("A policy called %s already exists. Duplicate names are not allowed.", name)
	}
	c.managed[p.arn] = p
	c.x.in("Policy", func() { c.writePolicy(p) })
	return nil
}

func (c *iamCall) policy() (*managedPolicy, *apiError) {
	arn := c.form.Get("PolicyArn")
	p, ok := c.managed[arn]
	if !ok {
		return nil, noEntity("Policy %s was not found.", arn)
	}
	return p, nil
}

func (c *iamCall) getPolicyVersion() *apiError {
	p, err := c.policy()
	if err != nil {
		return err
	}
	if v := c.form.Get("VersionId"); v != "v1" {
		return noEntity("Policy %s version %s does not exist or is not attachable.", p.arn, v)
	}
	c.x.group("PolicyVersion",
		"Document", encoded(p.document), "VersionId", "v1", "IsDefaultVersion", "true",
		"CreateDate", p.created.UTC().Format(time.RFC3339),
	)
	return nil
}

func (c *iamCall) deletePolicy() *apiError {
	p, err := c.policy()
	if err != nil {
		return err
	}
	if c.attachments(p.arn) > 0 {
		return conflict("DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	delete(c.managed, p.arn)
	return nil
}

// attachUserPolicy answers AttachUserPolicy and DetachUserPolicy.
func (c *iamCall) attachUserPolicy() *apiError {
	u, err := c.user()
	if err != nil {
		return err
	}
	p, err := c.policy()
	if err != nil {
		return err
	}
	has := slices.Contains(u.attached, p.arn)
	switch {
	case c.action() == "AttachUserPolicy" && !has:
		u.attached = append(u.attached, p.arn)
	case c.action() == "DetachUserPolicy" && !has:
		return &apiError{http.StatusNotFound, "NoSuchEntity", "Policy " + p.arn + " was not found."}
	case c.action() == "DetachUserPolicy":
		u.attached = slices.DeleteFunc(u.attached, func(a string) bool { return a == p.arn })
	}
	return nil
}

func (c *iamCall) listAttachedUserPolicies() *apiError {
	u, err := c.user()
	if err != nil {
		return err
	}
	return c.answerList("AttachedPolicies", slices.Sorted(slices.Values(u.attached)), func(arn string) {
		c.x.els("PolicyName", c.managed[arn].name, "PolicyArn", arn)
	})
}
