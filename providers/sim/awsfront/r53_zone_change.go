package awsfront

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// zoneRequest is the body of CreateHostedZone, and of AssociateVPCWithHostedZone and DisassociateVPCFromHostedZone,
// which only have a VPC.
type zoneRequest struct {
	Name string
	VPC  *struct {
		VPCID     string `xml:"VPCId"`
		VPCRegion string
	}
	CallerReference string
	Config          *struct {
		Comment     string
		PrivateZone bool
	} `xml:"HostedZoneConfig"`
}

// vpcs returns the VPC of the request, if any.
func (in *zoneRequest) vpcs() []world.VPC {
	if in.VPC == nil {
		return nil
	}
	return []world.VPC{{ID: in.VPC.VPCID, Region: in.VPC.VPCRegion}}
}

var vpcForm = regexp.MustCompile(`^vpc-[0-9a-f]{8}([0-9a-f]{9})?$`)

// createHostedZone answers CreateHostedZone. With a VPC the zone is private.
func (c *r53Call) createHostedZone() *apiError {
	var in zoneRequest
	if err := xml.Unmarshal(c.body, &in); err != nil {
		return bad("InvalidInput", "Invalid XML ; %s", err)
	}
	vpcs := in.vpcs()
	if e := checkZone(&in, vpcs); e != nil {
		return e
	}
	c.f.creating.Lock()
	defer c.f.creating.Unlock()
	name := fromOctal(in.Name)
	for _, z := range c.f.w.Zones(providers.Route53) {
		switch {
		case z.Reference == in.CallerReference:
			return &apiError{http.StatusConflict, "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."}
		case z.Private && z.Name == name && slices.ContainsFunc(z.VPCs(), func(v world.VPC) bool { return slices.Contains(vpcs, v) }):
			return bad("ConflictingDomainExists", "The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name.", vpcs[0].ID, vpcs[0].Region, z.ID)
		}
	}
	spec := world.ZoneSpec{Name: name, Provider: providers.Route53, VPCs: vpcs, Reference: in.CallerReference}
	if in.Config != nil {
		spec.Comment = in.Config.Comment
	}
	z := c.f.w.AddZone(spec)
	c.status = http.StatusCreated
	c.location = "https://route53.amazonaws.com" + r53Path + "hostedzone/" + z.ID
	writeZone(c.x, z)
	c.writeAccountChange()
	writeDelegation(c.x, z)
	if len(vpcs) > 0 {
		writeVPC(c.x, vpcs[0])
	}
	return nil
}

// checkZone returns the error of a new zone that is invalid for any account.
func checkZone(in *zoneRequest, vpcs []world.VPC) *apiError {
	code, text := nameProblem(in.Name)
	switch {
	case in.Name == "":
		return bad("InvalidInput", "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null")
	case in.CallerReference == "" || len(in.CallerReference) > 128:
		return bad("InvalidInput", "1 validation error detected: Value '%s' at 'callerReference' failed to satisfy constraint: Member must have length between 1 and 128", in.CallerReference)
	case code != "" || !printable(in.Name):
		if code == "" {
			code, text = "UnsupportedCharacter", "Value contains unsupported characters"
		}
		return bad("InvalidDomainName", "FATAL problem: %s (%s) encountered with '%s'", code, text, in.Name)
	case in.Config != nil && in.Config.PrivateZone && len(vpcs) == 0:
		return bad("InvalidInput", "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also specify values for VPCId and VPCRegion.")
	case len(vpcs) > 0:
		return checkVPC(vpcs[0])
	}
	return nil
}

// printable reports whether a name has only ASCII characters. All others must be escaped ("DNS domain name format" in
// the Route 53 Developer Guide).
func printable(name string) bool {
	return !slices.ContainsFunc([]byte(name), func(c byte) bool { return c <= ' ' || c >= 0x7f })
}

func checkVPC(v world.VPC) *apiError {
	if !vpcForm.MatchString(v.ID) || v.Region == "" {
		return bad("InvalidVPCId", "The VPC ID that you specified either isn't a valid ID or the current account is not authorized to access this VPC: %s in %s", v.ID, v.Region)
	}
	return nil
}

// writeAccountChange writes a new change outside zones, such as the creation of one. It is always in sync when it is
// asked for.
func (c *r53Call) writeAccountChange() {
	id, ch := fmt.Sprintf("CACC%010dROLLCALL", c.f.seq.Add(1)), change{submitted: c.f.w.Now()}
	c.f.changes.Store(id, ch)
	writeChange(c.x, id, false, ch)
}

// deleteHostedZone answers DeleteHostedZone, which only deletes empty zones.
func (c *r53Call) deleteHostedZone() *apiError {
	more := false
	c.z.View(func(tx *world.Tx) {
		more = slices.ContainsFunc(tx.Sets(), func(s *world.Set) bool { return s.Name != c.z.Name || s.Type != "SOA" && s.Type != "NS" })
	})
	if more {
		return bad("HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")
	}
	if err := c.f.w.RemoveZone(c.z); err != nil {
		return noZone(c.z.ID)
	}
	c.writeAccountChange()
	return nil
}

func (c *r53Call) associateVPC() *apiError    { return c.changeVPC(true) }
func (c *r53Call) disassociateVPC() *apiError { return c.changeVPC(false) }

// changeVPC answers AssociateVPCWithHostedZone and DisassociateVPCFromHostedZone.
func (c *r53Call) changeVPC(add bool) *apiError {
	var in zoneRequest
	if err := xml.Unmarshal(c.body, &in); err != nil || in.VPC == nil {
		return bad("InvalidInput", "Invalid XML ; a VPC is expected")
	}
	v := in.vpcs()[0]
	if e := checkVPC(v); e != nil {
		return e
	}
	c.f.creating.Lock()
	defer c.f.creating.Unlock()
	vpcs := c.z.VPCs()
	switch {
	case !c.z.Private:
		return bad("PublicZoneVPCAssociation", "The hosted zone specified is a public hosted zone: a VPC cannot be associated with it.")
	case add:
		for _, o := range c.f.w.Zones(providers.Route53) {
			if o.Name == c.z.Name && slices.Contains(o.VPCs(), v) {
				return bad("ConflictingDomainExists", "The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name.", v.ID, v.Region, o.ID)
			}
		}
		c.z.SetVPCs(append(vpcs, v))
	case !slices.Contains(vpcs, v):
		return &apiError{http.StatusNotFound, "VPCAssociationNotFound", "The VPC " + v.ID + " in region " + v.Region + " is not associated with the hosted zone " + c.z.ID}
	case len(vpcs) == 1:
		return bad("LastVPCAssociation", "Cannot remove last VPC association for the private zone %s.", c.z.ID)
	default:
		c.z.SetVPCs(slices.DeleteFunc(vpcs, func(o world.VPC) bool { return o == v }))
	}
	c.writeAccountChange()
	return nil
}

// writeDelegation writes the name servers of a public zone; a private one has none.
func writeDelegation(x *xmlWriter, z *world.Zone) {
	if z.Private {
		return
	}
	x.in("DelegationSet", func() {
		x.in("NameServers", func() {
			for _, ns := range z.NameServers {
				x.el("NameServer", ns)
			}
		})
	})
}

func writeVPC(x *xmlWriter, v world.VPC) {
	x.group("VPC", "VPCRegion", v.Region, "VPCId", v.ID)
}
