package tritonfront

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"rollcall/providers/sim/world"
)

// nameForm matches valid machine names. It is compiled on first use, as counted repeats take long.
var nameForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,188}$`) })

// createMachine creates a machine from flat parameters: metadata.KEY and tag.KEY.
func (c *call) createMachine() error {
	if err := c.changing(); err != nil {
		return err
	}
	image, pkg := c.text("image"), c.text("package")
	switch {
	case image == "":
		return missing("image")
	case pkg == "":
		return missing("package")
	case !slices.ContainsFunc(c.front.w.Images(c.o.Cloud), func(i world.Image) bool { return i.ID == image }):
		return invalid(image + " is not a valid image")
	}
	size := c.pkg(pkg)
	if size.ID == "" {
		return invalid(pkg + " is not a valid package")
	}
	network, err := c.network()
	if err != nil {
		return err
	}
	name := c.text("name")
	if name == "" {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails
		name = hex.EncodeToString(b[:])
	}
	if err := c.checkName(name); err != nil {
		return err
	}
	spec := world.Instance{Name: name, Type: size.Name, Image: image, Network: network, Tags: map[string]string{}, BareTags: map[string]bool{}, Metadata: map[string]string{}}
	for k, v := range c.params {
		if t, ok := strings.CutPrefix(k, "tag."); ok && t != "" {
			if badTag(v) {
				return invalid("tag " + t + " must be a string, a number or a boolean")
			}
			spec.Tags[t] = textOf(v)
			if bare(v) {
				spec.BareTags[t] = true
			}
		}
		if m, ok := strings.CutPrefix(k, "metadata."); ok && m != "" {
			spec.Metadata[m] = textOf(v)
		}
	}
	spec.NoTerminate = c.text("deletion_protection") == "true"
	spec.UserData = []byte(spec.Metadata["user-script"])
	i, err := c.front.w.Launch(c.o.Cloud, spec)
	if err != nil {
		return worldError(err)
	}
	c.log(i.ID, "provision")
	c.w.Header().Set("Location", "/"+c.front.w.Credentials.TritonAccount+"/machines/"+i.ID)
	return reply(c.w, c.r, http.StatusCreated, c.toAPI(i))
}

// network parses the networks parameter: ids, or objects with ipv4_uuid. The world keeps only the first.
func (c *call) network() (string, error) {
	v, ok := c.params["networks"]
	if !ok || v == nil {
		return world.PublicNetwork, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	first := world.PublicNetwork
	for n, e := range list {
		id := textOf(e)
		if o, ok := e.(map[string]any); ok {
			id = textOf(o["ipv4_uuid"])
		}
		if !slices.ContainsFunc(c.front.w.Networks(c.o.Cloud), func(n world.Network) bool { return n.ID == id }) {
			return "", invalid("network " + id + " is not a valid network")
		}
		if n == 0 {
			first = id
		}
	}
	return first, nil
}

// checkName returns an error for a malformed or used name.
func (c *call) checkName(name string) error {
	problem := func(code, message string) error {
		e := newError(http.StatusConflict, "ValidationFailed", "problem creating machine: Invalid VM parameters: "+message)
		e.Errors = []fieldError{{Field: "alias", Code: code, Message: message}}
		return e
	}
	if !nameForm().MatchString(name) {
		return problem("Invalid", "String does not match regexp: "+nameForm().String())
	}
	_, taken := c.front.w.Instances(c.o.Cloud, func(i *world.Instance) bool { return i.Name == name && !over(i) }, 0, 1)
	if taken > 0 {
		return problem("Duplicate", "Already exists for this owner_uuid")
	}
	return nil
}
