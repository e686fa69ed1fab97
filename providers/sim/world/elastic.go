package world

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"rollcall/providers"
)

// Errors of elastic addresses.
var (
	ErrNoAddress = errors.New("no such elastic address")
	ErrInUse     = errors.New("the address is associated")
)

// Allocate returns a new elastic address of a cloud's account.
func (w *World) Allocate(cloudName string) Address {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	a := Address{ID: fmt.Sprintf("eipalloc-0%016x", w.rng.Uint64()), IP: w.newIP(c), Kind: providers.AddressElastic}
	c.addresses = append(c.addresses, a)
	return a
}

// elastic returns the account's address with that IP. If an instance has held it from the start, it is added to the
// list.
func (c *cloud) elastic(id string, ip netip.Addr) *Address {
	for n := range c.addresses {
		if a := &c.addresses[n]; a.IP == ip && a.Kind == providers.AddressElastic {
			return a
		}
	}
	for _, i := range c.instances {
		if i.Elastic && i.Public == ip && ip.IsValid() {
			c.addresses = append(c.addresses, Address{ID: id, IP: ip, Private: i.Private, Kind: providers.AddressElastic, Instance: i.ID})
			return &c.addresses[len(c.addresses)-1]
		}
	}
	return nil
}

// Associate associates an elastic address, by id and IP, with a running or stopped instance. The instance's previous
// address is released, and so is the address's previous association, if again allows that.
func (w *World) Associate(cloudName, id string, ip netip.Addr, instance string, again bool) error {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	i, ok := c.byID[instance]
	a := c.elastic(id, ip)
	switch {
	case !ok:
		return ErrNoInstance
	case a == nil:
		return ErrNoAddress
	case i.State != providers.StateRunning && i.State != providers.StateStopped:
		return ErrState
	case a.Instance == instance:
		return nil
	case a.Instance != "" && !again:
		return ErrInUse
	}
	if i.Elastic && i.Public.IsValid() {
		if before := c.elastic("eipalloc-"+i.ID[2:], i.Public); before != nil {
			before.Instance, before.Private = "", netip.Addr{}
		}
		a = c.elastic(id, ip) // the list may have moved
	}
	w.detach(c, a)
	a.Instance, a.Private = i.ID, i.Private
	i.Public, i.Elastic = ip, true
	return nil
}

// Disassociate removes an elastic address from its instance, which gets an automatic one while it runs.
func (w *World) Disassociate(cloudName, id string, ip netip.Addr) error {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	a := c.elastic(id, ip)
	if a == nil || a.Instance == "" {
		return ErrNoAddress
	}
	w.detach(c, a)
	return nil
}

func (w *World) detach(c *cloud, a *Address) {
	if i, ok := c.byID[a.Instance]; ok && i.Public == a.IP {
		i.Public, i.Elastic = netip.Addr{}, false
		if i.State == providers.StateRunning && !i.NoPublic {
			i.Public = w.newIP(c)
		}
	}
	a.Instance, a.Private = "", netip.Addr{}
}

// ReleaseElastic releases an elastic address, which must not be associated.
func (w *World) ReleaseElastic(cloudName, id string, ip netip.Addr) error {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	a := c.elastic(id, ip)
	switch {
	case a == nil:
		return ErrNoAddress
	case a.Instance != "":
		return ErrInUse
	}
	c.addresses = slices.DeleteFunc(slices.Clone(c.addresses), func(x Address) bool { return x.IP == ip && x.Kind == providers.AddressElastic })
	return nil
}

// newIP6 returns the next IPv6 address of a cloud's network.
func (w *World) newIP6(c *cloud) netip.Addr {
	c.nextIP6++
	b := netip.MustParseAddr("2600:1f18:1000::").As16()
	b[5] = byte(slices.Index(w.clouds, c))
	b[13], b[14], b[15] = byte(c.nextIP6>>16), byte(c.nextIP6>>8), byte(c.nextIP6)
	return netip.AddrFrom16(b)
}
