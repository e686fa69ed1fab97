package awsfront

import (
	"encoding/base64"
	"slices"
	"strconv"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// instanceState returns EC2's code and name of a state.
func instanceState(s providers.InstanceState) (int, string) {
	switch s {
	case providers.StatePending:
		return 0, "pending"
	case providers.StateRunning:
		return 16, "running"
	case providers.StateTerminating:
		return 32, "shutting-down"
	case providers.StateTerminated:
		return 48, "terminated"
	case providers.StateStopping:
		return 64, "stopping"
	}
	return 80, "stopped"
}

// instanceFields returns the filters of DescribeInstances except tags.
func (c *ec2Call) instanceFields() map[string]func(*world.Instance) string {
	public := func(i *world.Instance) string { return addr(i.Public) }
	private := func(i *world.Instance) string { return addr(i.Private) }
	all := func(s string) func(*world.Instance) string { return func(*world.Instance) string { return s } }
	return map[string]func(*world.Instance) string{
		"instance-id":         func(i *world.Instance) string { return i.ID },
		"instance-state-name": func(i *world.Instance) string { _, s := instanceState(i.State); return s },
		"instance-state-code": func(i *world.Instance) string { n, _ := instanceState(i.State); return strconv.Itoa(n) },
		"ip-address":          public,
		"network-interface.addresses.association.public-ip": public,
		"network-interface.association.public-ip":           public,
		"private-ip-address":                                private,
		"network-interface.addresses.private-ip-address":    private,
		"network-interface.ipv6-addresses.ipv6-address":     func(i *world.Instance) string { return addr(i.Public6) },
		"dns-name":                  c.publicName,
		"private-dns-name":          c.privateName,
		"image-id":                  func(i *world.Instance) string { return i.Image },
		"instance-type":             func(i *world.Instance) string { return i.Type },
		"client-token":              clientToken,
		"key-name":                  func(i *world.Instance) string { return i.KeyName },
		"subnet-id":                 func(i *world.Instance) string { return i.Network },
		"vpc-id":                    func(i *world.Instance) string { return c.vpcOf(i.Network) },
		"availability-zone":         all(c.cloud.Region + "a"),
		"owner-id":                  all(c.f.account(c.call)),
		"architecture":              all("x86_64"),
		"launch-time":               func(i *world.Instance) string { return stamp(i.Launched) },
		"reservation-id":            c.reservation,
		"iam-instance-profile.name": func(i *world.Instance) string { return i.Profile },
		"iam-instance-profile.arn":  func(i *world.Instance) string { return c.profileARN(i.Profile) },
	}
}

// meets returns a function that reports whether an instance matches the filters of a call, or nil without filters. It
// is made once per call, because a listing calls it for every instance.
func (c *ec2Call) meets() (func(*world.Instance) bool, *apiError) {
	fs := filters(c.form)
	if len(fs) == 0 {
		return nil, nil
	}
	known := c.instanceFields()
	tests := make([]func(*world.Instance) bool, 0, len(fs))
	for _, f := range fs {
		if onTags(f) {
			tests = append(tests, func(i *world.Instance) bool { return f.matchesTags(i.Tags) })
			continue
		}
		get, ok := known[f.name]
		if !ok {
			return nil, unknownFilter(f)
		}
		tests = append(tests, func(i *world.Instance) bool { return f.matches(get(i)) })
	}
	return func(i *world.Instance) bool {
		for _, test := range tests {
			if !test(i) {
				return false
			}
		}
		return true
	}, nil
}

func (c *ec2Call) describeInstances() *apiError {
	meets, err := c.meets()
	if err != nil {
		return err
	}
	ids := list(c.form, "InstanceId")
	if len(ids) > 0 && c.form.Get("MaxResults") != "" {
		return bad("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	rows, token, err := c.idsOrPage(ids, meets)
	if err != nil {
		return err
	}
	if len(ids) > 0 && c.fault == world.EmptyPage {
		rows = nil
	}
	c.x.in("reservationSet", func() {
		for len(rows) > 0 {
			r := c.reservation(&rows[0])
			n := 1
			for n < len(rows) && c.reservation(&rows[n]) == r {
				n++
			}
			c.x.in("item", func() { c.writeReservation(r, rows[:n]) })
			rows = rows[n:]
		}
	})
	c.x.opt("nextToken", token)
	return nil
}

// paging parses the paging of a call with low to high rows per page.
func (c *ec2Call) paging(low, high int) (paging, *apiError) {
	p, err := pageOf(c.form, low, high, high)
	p.limit = c.f.w.PageOf(p.limit)
	return p, err
}

// idsOrPage returns the instances with these ids, or without ids one page of all, that meets keeps; nil keeps all.
func (c *ec2Call) idsOrPage(ids []string, meets func(*world.Instance) bool) (rows []world.Instance, token string, err *apiError) {
	p, err := c.paging(5, 1000)
	if err != nil {
		return nil, "", err
	}
	if len(ids) == 0 {
		rows, token = c.page(p, meets)
		return rows, token, nil
	}
	rows, err = c.byID(ids)
	return slices.DeleteFunc(rows, func(i world.Instance) bool { return meets != nil && !meets(&i) }), "", err
}

// page returns one page of instances and the next page's token, with the faults of lists.
func (c *ec2Call) page(p paging, keep func(*world.Instance) bool) (rows []world.Instance, token string) {
	all := c.rows(keep, p.cursor, p.limit+1)
	more := len(all) > p.limit
	rows, next, loop := faultplay.Cut(c.fault, all[:min(p.limit, len(all))], more)
	switch {
	case loop:
		return rows, tokenAfter(p.cursor)
	case next:
		return rows, tokenAfter(rows[len(rows)-1].Number)
	}
	return rows, ""
}

func (c *ec2Call) describeInstanceAttribute() *apiError {
	i, err := c.single()
	if err != nil {
		return err
	}
	c.x.el("instanceId", i.ID)
	value := func(name, v string) {
		c.x.in(name, func() { c.x.opt("value", v) })
	}
	switch a := c.form.Get("Attribute"); a {
	case "userData":
		value(a, base64.StdEncoding.EncodeToString(i.UserData))
	case "instanceType":
		value(a, i.Type)
	case "instanceInitiatedShutdownBehavior":
		value(a, "stop")
	case "disableApiTermination":
		value(a, strconv.FormatBool(i.NoTerminate))
	case "disableApiStop":
		value(a, strconv.FormatBool(i.NoStop))
	case "ebsOptimized":
		value(a, "false")
	case "":
		return missingParameter("attribute")
	default:
		return bad("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", a)
	}
	return nil
}

// single returns the one instance in InstanceId.
func (c *ec2Call) single() (world.Instance, *apiError) {
	id := c.form.Get("InstanceId")
	if id == "" {
		return world.Instance{}, missingParameter("instanceId")
	}
	found, err := c.byID([]string{id})
	if err != nil {
		return world.Instance{}, err
	}
	return found[0], nil
}
