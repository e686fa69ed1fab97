package world

import (
	"fmt"
	"net/netip"
	"slices"

	"rollcall/providers"
)

// Power is an action on an instance's power.
type Power string

// The power actions. With PowerLoss the machine is dead at once, and its agent deregisters nothing.
const (
	Start     Power = "start"
	Stop      Power = "stop"
	Reboot    Power = "reboot"
	Terminate Power = "terminate"
	PowerLoss Power = "plug"
)

// Do carries out a power action and returns the instance before and after.
func (w *World) Do(cloudName, id string, p Power) (before, after Instance, err error) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	i, err := c.instance(id)
	if err != nil {
		return before, after, err
	}
	before = copyOf(i)
	if err := w.do(c, i, p); err != nil {
		return before, before, err
	}
	return before, copyOf(i), nil
}

func (w *World) do(c *cloud, i *Instance, p Power) error {
	down := func() {
		if i.State != providers.StateRunning {
			return
		}
		if !i.real && p != PowerLoss {
			w.act(c, i, false)
		}
		w.write(c, i, consoleLine{at: w.clock.Now(), kind: haltLine, text: goodbye(p)})
	}
	switch p {
	case Start:
		switch i.State {
		case providers.StateRunning, providers.StatePending:
			return nil
		case providers.StateStopped:
			i.State, i.Changed = providers.StatePending, w.clock.Now()
			i.Status = nil // it starts on another host
			w.after(w.delays.Boot, func() { w.boot(c, i) })
			return nil
		}
	case Stop:
		switch i.State {
		case providers.StateStopped, providers.StateStopping:
			return nil
		case providers.StateRunning, providers.StatePending:
			down()
			i.State, i.Changed = providers.StateStopping, w.clock.Now()
			if i.real {
				w.queueEvent(c, i, p)
				return nil
			}
			w.after(w.delays.Stop, func() { w.markStopped(c, i) })
			return nil
		}
	case Reboot:
		if i.State == providers.StateRunning {
			down()
			i.Changed = w.clock.Now()
			if i.real {
				w.queueEvent(c, i, p)
				return nil
			}
			w.agent(c, i)
			return nil
		}
	case Terminate, PowerLoss:
		if i.State == providers.StateTerminated || i.State == providers.StateTerminating {
			return nil
		}
		down()
		if i.real {
			w.queueEvent(c, i, p)
		}
		if p == PowerLoss {
			w.terminate(c, i)
			return nil
		}
		i.State, i.Changed = providers.StateTerminating, w.clock.Now()
		if i.real {
			return nil
		}
		w.after(w.delays.Stop, func() { w.terminate(c, i) })
		return nil
	}
	return fmt.Errorf("%w: %s while %s", ErrState, p, i.State)
}

// queueEvent queues an event for Options.Machine.
func (w *World) queueEvent(c *cloud, i *Instance, p Power) {
	w.machines = append(w.machines, MachineEvent{Power: p, Cloud: c.Cloud, Instance: copyOf(i)})
}

// Halted records that the machine of an instance is off. A running or stopping instance becomes stopped, one that is
// shutting down terminated. It does nothing for other instances.
func (w *World) Halted(cloudName, id string) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	i, ok := c.byID[id]
	if !ok {
		return
	}
	switch i.State {
	case providers.StateRunning, providers.StateStopping:
		i.State = providers.StateStopping
		w.markStopped(c, i)
	case providers.StateTerminating:
		w.terminate(c, i)
	}
}

func (w *World) markStopped(c *cloud, i *Instance) {
	if i.State != providers.StateStopping {
		return
	}
	i.State, i.Changed = providers.StateStopped, w.clock.Now()
	if c.Provider == providers.EC2 && !i.Elastic {
		i.Public = netip.Addr{} // an automatic address is released
	}
}

// terminate ends an instance. EC2 lists it for a while without addresses, Triton no longer lists it.
func (w *World) terminate(c *cloud, i *Instance) {
	i.State, i.Changed = providers.StateTerminated, w.clock.Now()
	i.Public, i.Public6, i.More6, i.Private = netip.Addr{}, netip.Addr{}, nil, netip.Addr{}
	for n := range c.addresses {
		if c.addresses[n].Instance == i.ID {
			c.addresses[n].Instance = ""
		}
	}
	if c.Provider == providers.Triton {
		w.forget(c, i)
		return
	}
	w.after(w.delays.Forget, func() { w.forget(c, i) })
}

// Delete makes a cloud one that had an instance with this id and has deleted it.
func (w *World) Delete(cloudName, id string) {
	w.lock()
	defer w.unlock()
	w.forget(w.cloud(cloudName), &Instance{ID: id, State: providers.StateTerminated})
}

func (w *World) forget(c *cloud, i *Instance) {
	c.instances = slices.DeleteFunc(c.instances, func(x *Instance) bool { return x == i })
	delete(c.byID, i.ID)
	delete(c.consoles, i.ID)
	c.gone[i.ID] = w.clock.Now()
	if c.last == nil {
		c.last = map[string]*Instance{}
	}
	c.last[i.ID] = i
}
