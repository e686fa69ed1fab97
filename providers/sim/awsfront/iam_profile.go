package awsfront

import (
	"maps"
	"slices"
	"time"
)

type profile struct {
	name, path, id string
	created        time.Time
	role           string
}

// hasProfile reports whether a profile exists for launches.
func (s *iamStore) hasProfile(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.profiles[name]
	return ok
}

func (c *iamCall) profile() (*profile, *apiError) {
	name, err := c.name("InstanceProfileName", 128)
	if err != nil {
		return nil, err
	}
	p, ok := c.profiles[name]
	if !ok {
		return nil, noEntity("Instance Profile %s cannot be found.", name)
	}
	return p, nil
}

func (c *iamCall) writeProfile(p *profile) {
	c.x.els(
		"Path", p.path, "InstanceProfileName", p.name, "InstanceProfileId", p.id,
		"Arn", "arn:aws:iam::"+c.account+":instance-profile"+p.path+p.name, "CreateDate", p.created.UTC().Format(time.RFC3339),
	)
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
	p := &profile{name: name, path: c.path(), id: iamID("AIPA", name+c.call.id), created: c.now()}
	c.profiles[name] = p
	c.x.in("InstanceProfile", func() { c.writeProfile(p) })
	return nil
}

func (c *iamCall) getInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
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
	return c.answerList("InstanceProfiles", names, func(n string) {
		c.x.in("member", func() { c.writeProfile(c.profiles[n]) })
	})
}

func (c *iamCall) addRoleToInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
	r, err := c.role()
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
	p, err := c.profile()
	if err != nil {
		return err
	}
	r, err := c.role()
	if err != nil {
		return err
	}
	if p.role != r.name {
		return noEntity("The role with name %s is not associated with instance profile %s.", r.name, p.name)
	}
	p.role = ""
	return nil
}
