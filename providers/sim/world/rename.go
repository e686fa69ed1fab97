package world

import (
	"maps"
	"net/netip"
	"slices"
)

// Readdress replaces the public address of an instance, as if its network interface was replaced. An address of the
// other family stays.
func (w *World) Readdress(cloudName, id string, a netip.Addr) error {
	return w.edit(cloudName, id, func(i *Instance) {
		if a.Is4() {
			i.Public = a
		} else {
			i.Public6 = a
		}
	})
}

// Hold adds an address to a cloud's account, such as that of a load balancer.
func (w *World) Hold(cloudName string, a Address) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	c.addresses = append(c.addresses, a)
}

// Release removes an address from a cloud's account.
func (w *World) Release(cloudName string, ip netip.Addr) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	c.addresses = slices.DeleteFunc(slices.Clone(c.addresses), func(a Address) bool { return a.IP == ip })
}

// Rename changes the name of an instance.
func (w *World) Rename(cloudName, id, name string) error {
	return w.edit(cloudName, id, func(i *Instance) { i.Name = name })
}

// Protect sets which calls the API refuses for an instance.
func (w *World) Protect(cloudName, id string, noTerminate, noStop bool) error {
	return w.edit(cloudName, id, func(i *Instance) { i.NoTerminate, i.NoStop = noTerminate, noStop })
}

// SetStatus sets what EC2 says of an instance beside its state; nil for a healthy one. The caller must not modify it
// afterwards.
func (w *World) SetStatus(cloudName, id string, s *Status) error {
	return w.edit(cloudName, id, func(i *Instance) { i.Status = s })
}

// SetMetadata sets metadata of a Triton instance, and removes keys.
func (w *World) SetMetadata(cloudName, id string, set map[string]string, remove []string) error {
	return w.edit(cloudName, id, func(i *Instance) {
		if i.Metadata == nil {
			i.Metadata = map[string]string{}
		}
		maps.Copy(i.Metadata, set)
		for _, k := range remove {
			delete(i.Metadata, k)
		}
	})
}

func (w *World) edit(cloudName, id string, f func(*Instance)) error {
	w.lock()
	defer w.unlock()
	i, err := w.cloud(cloudName).instance(id)
	if err == nil {
		f(i)
	}
	return err
}
