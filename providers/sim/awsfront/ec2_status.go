package awsfront

import (
	"strconv"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func (c *ec2Call) describeInstanceStatus() *apiError {
	all := c.form.Get("IncludeAllInstances") == "true"
	fs := filters(c.form)
	row := func(i *world.Instance) fields {
		code, state := instanceState(i.State)
		return fields{
			"instance-state-name": one(state), "instance-state-code": one(strconv.Itoa(code)), "availability-zone": one(c.cloud.Region + "a"),
			"instance-status.status": one(checks(i, failing(i).Instance)), "system-status.status": one(checks(i, failing(i).System)),
		}
	}
	if err := known(fs, row(&world.Instance{})); err != nil {
		return err
	}
	meets := func(i *world.Instance) bool {
		ok, err := keep(fs, row(i), i.Tags)
		return ok && err == nil && (all || i.State == providers.StateRunning)
	}
	rows, token, err := c.idsOrPage(list(c.form, "InstanceId"), meets)
	if err != nil {
		return err
	}
	c.x.items("instanceStatusSet", len(rows), func(n int) {
		i := &rows[n]
		c.x.el("instanceId", i.ID)
		c.x.el("availabilityZone", c.cloud.Region+"a")
		c.writeState("instanceState", i.State)
		c.writeEvents(failing(i).Events)
		c.writeCheck("systemStatus", i, failing(i).System)
		c.writeCheck("instanceStatus", i, failing(i).Instance)
	})
	c.x.opt("nextToken", token)
	return nil
}

// writeCheck writes one of the two status checks, which fails since a time unless that is zero.
func (c *ec2Call) writeCheck(name string, i *world.Instance, since time.Time) {
	c.x.in(name, func() {
		c.x.el("status", checks(i, since))
		if i.State != providers.StateRunning {
			return
		}
		c.x.items("details", 1, func(int) {
			if !since.IsZero() {
				c.x.el("impairedSince", stamp(since))
			}
			c.x.el("name", "reachability")
			if since.IsZero() {
				c.x.el("status", "passed")
			} else {
				c.x.el("status", "failed")
			}
		})
	})
}

// writeEvents writes the scheduled events of an instance, if there are any.
func (c *ec2Call) writeEvents(events []world.ScheduledEvent) {
	if len(events) == 0 {
		return
	}
	c.x.items("eventsSet", len(events), func(n int) {
		e := &events[n]
		c.x.el("instanceEventId", e.ID)
		c.x.el("code", e.Code)
		c.x.el("description", e.Description)
		if !e.NotBefore.IsZero() {
			c.x.el("notBefore", stamp(e.NotBefore))
		}
		if !e.NotAfter.IsZero() {
			c.x.el("notAfter", stamp(e.NotAfter))
		}
	})
}

// failing returns what is set of the status of an instance.
func failing(i *world.Instance) world.Status {
	if i.Status == nil {
		return world.Status{}
	}
	return *i.Status
}

// checks returns the result of a status check that fails since a time, unless that is zero.
func checks(i *world.Instance, since time.Time) string {
	switch {
	case i.State != providers.StateRunning:
		return "not-applicable"
	case !since.IsZero():
		return "impaired"
	}
	return "ok"
}
