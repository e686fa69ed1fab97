package awsfront

import (
	"errors"
	"slices"

	"rollcall/providers/sim/world"
)

// The actions on elastic addresses (EC2 API reference: AllocateAddress, AssociateAddress, DisassociateAddress,
// ReleaseAddress).

func (c *ec2Call) allocateAddress() *apiError {
	if d := c.form.Get("Domain"); d != "" && d != "vpc" {
		return bad("InvalidParameterValue", "Invalid value '%s' for domain.", d)
	}
	set := map[string]string{}
	for _, s := range groups(c.form, "TagSpecification") {
		if t := s.Get("ResourceType"); t != "elastic-ip" {
			return bad("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", t)
		}
		tags, err := readTags(s)
		if err != nil {
			return err
		}
		for _, t := range tags {
			set[t.key] = t.value
		}
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	a := c.f.w.Allocate(c.cloud.Name)
	if len(set) > 0 {
		c.state.mu.Lock()
		c.state.tags[a.ID] = set
		c.state.mu.Unlock()
	}
	c.x.els("publicIp", addr(a.IP), "allocationId", a.ID, "domain", "vpc", "publicIpv4Pool", "amazon", "networkBorderGroup", c.cloud.Region)
	return nil
}

// theAddress returns the elastic address that a call names by its allocation, its association or itself.
func (c *ec2Call) theAddress() (world.Address, *apiError) {
	id, ip, assoc := c.form.Get("AllocationId"), c.form.Get("PublicIp"), c.form.Get("AssociationId")
	var is func(a world.Address) bool
	var missing *apiError
	switch {
	case id != "" && ip != "":
		return world.Address{}, bad("InvalidParameterCombination", "You may specify public IP or allocation id, but not both in the same call")
	case id != "":
		is = func(a world.Address) bool { return a.ID == id }
		missing = bad("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
	case assoc != "":
		is = func(a world.Address) bool { return a.Instance != "" && derived("eipassoc", a.ID) == assoc }
		missing = bad("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", assoc)
	case ip != "":
		is = func(a world.Address) bool { return addr(a.IP) == ip }
		missing = bad("InvalidAddress.NotFound", "Address '%s' not found.", ip)
	default:
		return world.Address{}, bad("MissingParameter", "Either public IP or allocation id must be specified")
	}
	all := c.elastic()
	if n := slices.IndexFunc(all, is); n >= 0 {
		return all[n], nil
	}
	return world.Address{}, missing
}

func (c *ec2Call) associateAddress() *apiError {
	a, err := c.theAddress()
	if err != nil {
		return err
	}
	id := c.form.Get("InstanceId")
	if eni := c.form.Get("NetworkInterfaceId"); eni != "" {
		if id != "" {
			return bad("InvalidParameterCombination", "You may specify an instance or a network interface, but not both in the same call")
		}
		rows := c.rows(func(i *world.Instance) bool { return derived("eni", i.ID) == eni }, 0, 0)
		if len(rows) == 0 {
			return bad("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", eni)
		}
		id = rows[0].ID
	}
	if id == "" {
		return missingParameter("InstanceId")
	}
	if _, err := c.byID([]string{id}); err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	switch err := c.f.w.Associate(c.cloud.Name, a.ID, a.IP, id, c.form.Get("AllowReassociation") != "false"); {
	case errors.Is(err, world.ErrInUse):
		return bad("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", a.ID, derived("eipassoc", a.ID))
	case errors.Is(err, world.ErrState):
		return bad("InvalidInstanceID", "The instance '%s' is not in a valid state for this operation.", id)
	case err != nil:
		return bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	c.x.flag("return", true)
	c.x.el("associationId", derived("eipassoc", a.ID))
	return nil
}

func (c *ec2Call) disassociateAddress() *apiError {
	a, err := c.theAddress()
	if err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	if c.f.w.Disassociate(c.cloud.Name, a.ID, a.IP) != nil {
		return bad("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", derived("eipassoc", a.ID))
	}
	c.x.flag("return", true)
	return nil
}

func (c *ec2Call) releaseAddress() *apiError {
	a, err := c.theAddress()
	if err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	if errors.Is(c.f.w.ReleaseElastic(c.cloud.Name, a.ID, a.IP), world.ErrInUse) {
		return bad("InvalidIPAddress.InUse", "Address %s is in use.", addr(a.IP))
	}
	c.state.mu.Lock()
	delete(c.state.tags, a.ID)
	c.state.mu.Unlock()
	c.x.flag("return", true)
	return nil
}
