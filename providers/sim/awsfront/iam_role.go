package awsfront

import (
	"maps"
	"slices"
	"time"

	"rollcall/providers/sim/world"
)

type role struct {
	name, path, id, trust, description string
	created                            time.Time
	policies                           map[string]string
}

// roleOfProfile returns the role of an instance profile. A seeded instance can have a profile that IAM does not know;
// it has the role of NodeProfile.
func (s *iamStore) roleOfProfile(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.profiles[name]; ok {
		return p.role
	}
	return NodeProfile
}

// roleOf returns the role of a session.
func (s *iamStore) roleOf(session *world.Session) string {
	if session.Role != "" {
		return session.Role
	}
	return s.roleOfProfile(session.Profile)
}

// policiesOf returns the policies of a role; none if it does not exist.
func (s *iamStore) policiesOf(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.roles[name]; ok {
		return slices.Collect(maps.Values(r.policies))
	}
	return nil
}

func (c *iamCall) role() (*role, *apiError) {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return nil, err
	}
	r, ok := c.roles[name]
	if !ok {
		return nil, noEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (c *iamCall) writeRole(r *role) {
	c.x.els(
		"Path", r.path, "RoleName", r.name, "RoleId", r.id, "Arn", "arn:aws:iam::"+c.account+":role"+r.path+r.name,
		"CreateDate", r.created.UTC().Format(time.RFC3339), "AssumeRolePolicyDocument", encoded(r.trust),
	)
	c.x.opt("Description", r.description)
	c.x.num("MaxSessionDuration", 3600)
}

func (c *iamCall) createRole() *apiError {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return err
	}
	trust, err := c.document("AssumeRolePolicyDocument", 2048)
	if err != nil {
		return err
	}
	if _, ok := c.roles[name]; ok {
		return exists("Role with name %s already exists.", name)
	}
	r := &role{name: name, path: c.path(), id: iamID("AROA", name+c.call.id), trust: trust, description: c.form.Get("Description"), created: c.now(), policies: map[string]string{}}
	c.roles[name] = r
	c.x.in("Role", func() { c.writeRole(r) })
	return nil
}

func (c *iamCall) getRole() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	c.x.in("Role", func() { c.writeRole(r) })
	return nil
}

func (c *iamCall) deleteRole() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	if len(r.policies) > 0 {
		return conflict("DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	for _, p := range c.profiles {
		if p.role == r.name {
			return conflict("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
		}
	}
	delete(c.roles, r.name)
	return nil
}

func (c *iamCall) listRoles() *apiError {
	return c.answerList("Roles", slices.Sorted(maps.Keys(c.roles)), func(n string) {
		c.x.in("member", func() { c.writeRole(c.roles[n]) })
	})
}

func (c *iamCall) putRolePolicy() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return err
	}
	doc, err := c.document("PolicyDocument", 10240)
	if err != nil {
		return err
	}
	r.policies[name] = doc
	return nil
}

func (c *iamCall) rolePolicy() (r *role, name string, err *apiError) {
	if r, err = c.role(); err != nil {
		return nil, "", err
	}
	if name, err = c.name("PolicyName", 128); err != nil {
		return nil, "", err
	}
	if _, ok := r.policies[name]; !ok {
		return nil, "", noEntity("The role policy with name %s cannot be found.", name)
	}
	return r, name, nil
}

func (c *iamCall) getRolePolicy() *apiError {
	r, name, err := c.rolePolicy()
	if err != nil {
		return err
	}
	c.x.els("RoleName", r.name, "PolicyName", name, "PolicyDocument", encoded(r.policies[name]))
	return nil
}

func (c *iamCall) deleteRolePolicy() *apiError {
	r, name, err := c.rolePolicy()
	if err != nil {
		return err
	}
	delete(r.policies, name)
	return nil
}

func (c *iamCall) listRolePolicies() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	return c.answerList("PolicyNames", slices.Sorted(maps.Keys(r.policies)), func(n string) { c.x.el("member", n) })
}
