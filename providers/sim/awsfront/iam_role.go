package awsfront

import (
	"maps"
	"slices"

	"rollcall/providers/sim/world"
)

type role struct {
	entity
	trust, description string
	policies           map[string]string
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
	return named(c, c.roles, "RoleName", 64, "The role with name %s cannot be found.")
}

func (c *iamCall) writeRole(r *role) {
	c.writeEntity("Role", "role", &r.entity)
	c.x.el("AssumeRolePolicyDocument", encoded(r.trust))
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
	r := &role{entity: c.newEntity(name, "AROA"), trust: trust, description: c.form.Get("Description"), policies: map[string]string{}}
	c.roles[name] = r
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
