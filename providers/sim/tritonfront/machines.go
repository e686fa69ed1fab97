package tritonfront

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// maxPage is the default and the maximum number of machines in a page.
const maxPage = 1000

// machines routes requests below /machines.
func (c *call) machines() error {
	get := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	switch {
	case len(c.rest) == 1 && c.r.Method == http.MethodHead:
		return c.countMachines()
	case len(c.rest) == 1 && get:
		return c.listMachines()
	case len(c.rest) == 1 && c.r.Method == http.MethodPost:
		return c.createMachine()
	case len(c.rest) == 1:
		return newError(http.StatusMethodNotAllowed, "MethodNotAllowed", c.r.Method+" is not allowed")
	}
	m, err := c.machine(c.rest[1])
	gone := errors.Is(err, world.ErrGone)
	switch {
	case gone && len(c.rest) == 2 && get:
		return reply(c.w, c.r, http.StatusGone, c.deleted(m))
	case gone:
		return newError(http.StatusGone, "Gone", c.rest[1]+" was deleted")
	case err != nil:
		return newError(http.StatusNotFound, "ResourceNotFound", "VM "+c.rest[1]+" not found")
	}
	if len(c.rest) > 2 {
		return c.machinePart(m, get)
	}
	switch {
	case get:
		return c.ok(c.toAPI(m))
	case c.r.Method == http.MethodDelete:
		return c.deleteMachine(m)
	case c.r.Method == http.MethodPost:
		return c.act(m)
	}
	return newError(http.StatusMethodNotAllowed, "MethodNotAllowed", c.r.Method+" is not allowed")
}

// machine returns one machine. One that is being deleted counts as deleted: CloudAPI answers 410 from the delete on.
// Under world.Stale a new machine is not known yet.
func (c *call) machine(id string) (world.Instance, error) {
	if c.kind == world.WrongKey {
		return world.Instance{}, world.ErrNoInstance
	}
	i, err := c.front.w.Instance(c.o.Cloud, id)
	if c.kind == world.Stale && err == nil {
		if then, ok := c.stale.Read(c.front.w.Now()); ok && !slices.ContainsFunc(then, func(i world.Instance) bool { return i.ID == id }) {
			return world.Instance{}, world.ErrNoInstance // it is too new
		}
	}
	if err == nil && over(&i) {
		return i, world.ErrGone
	}
	return i, err
}

func over(i *world.Instance) bool {
	return i.State == providers.StateTerminating || i.State == providers.StateTerminated
}

// filter returns the predicate of the list parameters.
func (c *call) filter() (func(*world.Instance) bool, error) {
	state := c.text("state")
	if state != "" && !slices.Contains([]string{"provisioning", "running", "stopping", "stopped", "offline", "deleted", "unknown", "failed", "incomplete"}, state) {
		return nil, invalid(state + " is not a valid state")
	}
	tags := map[string]string{}
	for k, v := range c.params {
		if t, ok := strings.CutPrefix(k, "tag."); ok {
			tags[t] = textOf(v)
		}
	}
	name, image, pkg := c.text("name"), c.text("image"), c.text("package")
	memory, typ, brand := c.text("memory"), c.text("type"), c.text("brand")
	docker := c.text("docker") == "true"
	return func(i *world.Instance) bool {
		switch {
		case over(i), docker, c.kind == world.WrongKey:
			return false
		case state != "" && stateOf(i.State) != state,
			name != "" && i.Name != name,
			image != "" && i.Image != image,
			pkg != "" && c.pkg(i.Type).Name != pkg && c.pkg(i.Type).ID != pkg,
			memory != "" && strconv.Itoa(c.pkg(i.Type).MemoryMiB) != memory,
			typ != "" && typ != machineType,
			brand != "" && brand != machineBrand:
			return false
		}
		for k, v := range tags {
			if have, ok := i.Tags[k]; !ok || have != v {
				return false
			}
		}
		return true
	}, nil
}

// countMachines answers HEAD, where x-resource-count is the total.
func (c *call) countMachines() error {
	keep, err := c.filter()
	if err != nil {
		return err
	}
	_, total := c.page(keep, 0, 1)
	if c.kind == world.EmptyPage {
		total = 0
	}
	c.w.Header().Set("X-Resource-Count", strconv.Itoa(total))
	c.w.Header().Set("X-Query-Limit", strconv.Itoa(maxPage))
	return c.ok([]any{})
}

// listMachines answers one page, where x-resource-count is the number of its rows.
func (c *call) listMachines() error {
	limit, err := c.number("limit", maxPage, 1, maxPage)
	if err != nil {
		return err
	}
	limit = c.front.w.PageOf(limit)
	offset, err := c.number("offset", 0, 0, 1<<31)
	if err != nil {
		return err
	}
	keep, err := c.filter()
	if err != nil {
		return err
	}
	if c.kind == world.PageLoop { // every page is the first again
		offset = 0
	}
	page, total := c.page(keep, offset, limit)
	page, _, _ = faultplay.Cut(c.kind, page, offset+len(page) < total)
	rows := make([]*machineJSON, len(page))
	for n := range page {
		rows[n] = c.toAPI(page[n])
	}
	c.w.Header().Set("X-Resource-Count", strconv.Itoa(len(rows)))
	c.w.Header().Set("X-Query-Limit", strconv.Itoa(limit))
	return c.ok(rows)
}

// page returns one page; under world.Stale of an earlier state.
func (c *call) page(keep func(*world.Instance) bool, offset, limit int) (page []world.Instance, total int) {
	if c.kind == world.Stale {
		if old, ok := c.stale.Read(c.front.w.Now()); ok {
			for n := range old {
				if !keep(&old[n]) {
					continue
				}
				if total >= offset && len(page) < limit {
					page = append(page, old[n])
				}
				total++
			}
			return page, total
		}
	}
	return c.front.w.Instances(c.o.Cloud, keep, offset, limit)
}

// number parses a parameter that is a whole number within bounds.
func (c *call) number(name string, otherwise, low, high int) (int, error) {
	s := c.text(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, invalid(name + " must be a number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high))
	}
	return n, nil
}

// changing is called before every write, because under world.Stale listings lag behind it.
func (c *call) changing() error {
	if c.kind == world.Stale {
		all, _ := c.front.w.Instances(c.o.Cloud, nil, 0, 0)
		c.stale.Write(c.front.w.Now(), all)
	}
	if c.kind == world.WrongKey {
		return newError(http.StatusForbidden, "NotAuthorized", "You do not have permission to access "+c.r.URL.Path)
	}
	return nil
}

func (c *call) deleteMachine(m world.Instance) error {
	if err := c.changing(); err != nil {
		return err
	}
	if m.NoTerminate {
		return newError(http.StatusConflict, "CannotDestroyMachineError", `Instance has "deletion_protection" enabled, preventing deletion`)
	}
	if _, _, err := c.front.w.Do(c.o.Cloud, m.ID, world.Terminate); err != nil {
		return worldError(err)
	}
	c.log(m.ID, "destroy")
	return reply(c.w, c.r, http.StatusNoContent, nil)
}

// act carries out the action of POST /machines/ID, in the query or the body.
func (c *call) act(m world.Instance) error {
	if err := c.changing(); err != nil {
		return err
	}
	action := c.text("action")
	switch action {
	case "":
		return missing("action")
	case "start", "stop", "reboot":
		p := map[string]world.Power{"start": world.Start, "stop": world.Stop, "reboot": world.Reboot}[action]
		if _, _, err := c.front.w.Do(c.o.Cloud, m.ID, p); err != nil {
			return worldError(err)
		}
	case "rename":
		name := c.text("name")
		if err := c.checkName(name); err != nil {
			return err
		}
		if err := c.front.w.Rename(c.o.Cloud, m.ID, name); err != nil {
			return worldError(err)
		}
	case "enable_deletion_protection", "disable_deletion_protection":
		if err := c.front.w.Protect(c.o.Cloud, m.ID, action == "enable_deletion_protection", false); err != nil {
			return worldError(err)
		}
	case "enable_firewall", "disable_firewall":
		return newError(http.StatusConflict, "NotImplemented", "the embedded cloud has no firewalls")
	default:
		return invalid(action + " is not a valid action")
	}
	c.log(m.ID, action)
	return reply(c.w, c.r, http.StatusAccepted, nil)
}

func worldError(err error) error {
	switch {
	case errors.Is(err, world.ErrGone):
		return newError(http.StatusGone, "Gone", err.Error())
	case errors.Is(err, world.ErrNoInstance):
		return newError(http.StatusNotFound, "ResourceNotFound", "VM not found")
	case errors.Is(err, world.ErrState):
		return newError(http.StatusConflict, "InvalidState", err.Error())
	}
	return err
}

// auditEntry is one line of a machine's audit trail.
type auditEntry struct {
	Action     string         `json:"action"`
	Success    string         `json:"success"`
	Parameters map[string]any `json:"parameters"`
	Caller     map[string]any `json:"caller"`
	Time       string         `json:"time"`
}

// log adds a successful action to the machine's audit trail.
func (c *call) log(id, action string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := auditEntry{
		Action: action, Success: "yes", Parameters: map[string]any{}, Time: stamp(c.front.w.Now()),
		Caller: map[string]any{"type": "signature", "ip": strings.Split(c.r.RemoteAddr, ":")[0], "keyId": c.caller.keyID},
	}
	c.audit[id] = slices.Insert(c.audit[id], 0, e)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
