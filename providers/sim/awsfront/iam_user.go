package awsfront

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"
)

// user is an IAM user of the account, except ops, whose keys the account has from the start and who may do everything.
type user struct {
	entity
	policies map[string]string // inline, by name
	attached []string          // ARNs of managed policies
	keys     []*accessKey
}

// accessKey is a long-term key of a user.
type accessKey struct {
	id, secret string
	inactive   bool
	created    time.Time
}

// keysPerUser is the limit of a user's keys ("IAM and AWS STS quotas" in the IAM User Guide).
const keysPerUser = 2

// userOfKey returns the user with an active access key of this id, and the key's secret.
func (s *iamStore) userOfKey(id string) (name, secret string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		for _, k := range u.keys {
			if k.id == id && !k.inactive {
				return u.name, k.secret, true
			}
		}
	}
	return "", "", false
}

// policiesOfUser returns the inline and managed policies of a user; none if it does not exist.
func (s *iamStore) policiesOfUser(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[name]
	if !ok {
		return nil
	}
	all := slices.Collect(maps.Values(u.policies))
	for _, arn := range u.attached {
		if p, ok := s.managed[arn]; ok {
			all = append(all, p.document)
		}
	}
	return all
}

// newAccessKey returns a new unique key.
func (c *iamCall) newAccessKey(u *user) *accessKey {
	sum := sha256.Sum256([]byte(c.secretOfAccount + "\x00" + u.name + "\x00" + c.call.id))
	return &accessKey{
		id: "AKIA" + base32.StdEncoding.EncodeToString(sum[:10]), secret: base64.StdEncoding.EncodeToString(append(sum[2:], sum[:4]...)[:30]), created: c.now(),
	}
}

// user returns the user that a call names, or the caller.
func (c *iamCall) user() (*user, *apiError) {
	name := cmp.Or(c.form.Get("UserName"), c.call.user)
	if name == "" {
		return nil, bad("ValidationError", "Must specify userName when calling with non-User credentials")
	}
	u, ok := c.users[name]
	if !ok {
		return nil, noEntity("The user with name %s cannot be found.", name)
	}
	return u, nil
}

func (c *iamCall) writeUser(u *user) { c.writeEntity("User", "user", &u.entity) }

func (c *iamCall) createUser() *apiError {
	name, err := c.name("UserName", 64)
	if err != nil {
		return err
	}
	for have := range c.users {
		if strings.EqualFold(have, name) {
			return exists("User with name %s already exists.", name)
		}
	}
	u := &user{entity: c.newEntity(name, "AIDA"), policies: map[string]string{}}
	c.users[name] = u
	c.x.in("User", func() { c.writeUser(u) })
	return nil
}

func (c *iamCall) deleteUser() *apiError {
	u, err := c.user()
	switch {
	case err != nil:
		return err
	case len(u.keys) > 0:
		return conflict("DeleteConflict", "Cannot delete entity, must delete access keys first.")
	case len(u.policies) > 0:
		return conflict("DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(u.attached) > 0:
		return conflict("DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	delete(c.users, u.name)
	return nil
}

func (c *iamCall) createAccessKey() *apiError {
	u, err := c.user()
	if err != nil {
		return err
	}
	if len(u.keys) >= keysPerUser {
		return conflict("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	}
	k := c.newAccessKey(u)
	u.keys = append(u.keys, k)
	c.x.group("AccessKey",
		"UserName", u.name, "AccessKeyId", k.id, "Status", "Active", "SecretAccessKey", k.secret,
		"CreateDate", k.created.UTC().Format(time.RFC3339),
	)
	return nil
}

// key returns the access key that a call names.
func (c *iamCall) key() (*user, *accessKey, *apiError) {
	u, err := c.user()
	if err != nil {
		return nil, nil, err
	}
	id := c.form.Get("AccessKeyId")
	for _, k := range u.keys {
		if k.id == id {
			return u, k, nil
		}
	}
	return nil, nil, noEntity("The Access Key with id %s cannot be found.", id)
}

func (c *iamCall) updateAccessKey() *apiError {
	_, k, err := c.key()
	if err != nil {
		return err
	}
	switch s := c.form.Get("Status"); s {
	case "Active", "Inactive":
		k.inactive = s == "Inactive"
		return nil
	default:
		return bad("ValidationError", "1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]", s)
	}
}

func (c *iamCall) deleteAccessKey() *apiError {
	u, k, err := c.key()
	if err != nil {
		return err
	}
	u.keys = slices.DeleteFunc(u.keys, func(o *accessKey) bool { return o == k })
	return nil
}

func (c *iamCall) listAccessKeys() *apiError {
	u, err := c.user()
	if err != nil {
		return err
	}
	c.x.in("AccessKeyMetadata", func() {
		for _, k := range u.keys {
			c.x.group("member",
				"UserName", u.name, "AccessKeyId", k.id, "Status", map[bool]string{true: "Inactive", false: "Active"}[k.inactive],
				"CreateDate", k.created.UTC().Format(time.RFC3339),
			)
		}
	})
	c.x.flag("IsTruncated", false)
	return nil
}

// userID returns the unique id of a user; the account's own user has no name.
func (s *iamStore) userID(name, account string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u, ok := s.users[name]; ok {
		return u.id
	}
	return iamID("AIDA", account+"/ops")
}
