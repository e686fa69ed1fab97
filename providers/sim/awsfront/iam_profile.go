package awsfront

import (
	"maps"
	"slices"
)

type profile struct {
	entity
	role string
}

// hasProfile reports whether a profile exists for launches.
func (s *iamStore) hasProfile(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.profiles[name]
	return ok
}

func (c *iamCall) profile() (*profile, *apiError) {
	return named(c, c.profiles, "InstanceProfileName", 128, "Instance Profile %s cannot be found.")
}

func (c *iamCall) writeProfile(p *profile) {
	c.writeEntity("InstanceProfile", "instance-profile", &p.entity)
	c.x.in("Roles", func() {
		if r, ok := c.roles[p.role]; ok {
			c.x.in("member", func() { c.writeRole(r) })
		}
	})
}

func (c *iamCall) createInstanceProfile() *apiError {
	name, err := c.name("InstanceProfileName", 128)
	if err != nil {
		return err
	}
	if _, ok := c.profiles[name]; ok {
		return exists("Instance Profile %s already exists.", name)
	}
	p := &profile{entity: c.newEntity(name, "AIPA")}
	c.profiles[name] = p
	c.x.in("InstanceProfile", func() { c.writeProfile(p) })
	return nil
}

func (c *iamCall) deleteInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
	if p.role != "" {
		return conflict("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(c.profiles, p.name)
	return nil
}

// listInstanceProfiles answers ListInstanceProfiles, and ListInstanceProfilesForRole.
func (c *iamCall) listInstanceProfiles() *apiError {
	names := slices.Sorted(maps.Keys(c.profiles))
	if c.action() == "ListInstanceProfilesForRole" {
		r, err := c.role()
		if err != nil {
			return err
		}
		names = slices.DeleteFunc(names, func(n string) bool { return c.profiles[n].role != r.name })
	}
	return c.answerList("InstanceProfiles", names, func(n string) { c.writeProfile(c.profiles[n]) })
}

// profileAndRole returns the profile and the role that a call names.
func (c *iamCall) profileAndRole() (*profile, *role, *apiError) {
	p, err := c.profile()
	if err != nil {
		return nil, nil, err
	}
	r, err := c.role()
	return p, r, err
}

func (c *iamCall) addRoleToInstanceProfile() *apiError {
	p, r, err := c.profileAndRole()
	if err != nil {
		return err
	}
	if p.role != "" {
		return conflict("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.role = r.name
	return nil
}

func (c *iamCall) removeRoleFromInstanceProfile() *apiError {
	p, r, err := c.profileAndRole()
	if err != nil {
		return err
	}
	if p.role != r.name {
		return noEntity("The role with name %s is not associated with instance profile %s.", r.name, p.name)
	}
	p.role = ""
	return nil
}
