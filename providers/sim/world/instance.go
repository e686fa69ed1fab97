package world

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"rollcall/providers"
)

// Cloud is one cloud of the world.
type Cloud struct {
	Name     string
	Provider providers.Provider
	Region   string // EC2 region, or Triton data centre
	Account  string
	Key      providers.CloudKey
}

// Instance is a machine of the world. State is in rollcall's vocabulary; the
// fronts translate it.
type Instance struct {
	ID, Name    string
	State       providers.InstanceState
	Public      netip.Addr // zero while it has none
	Public6     netip.Addr
	More6       []netip.Addr // of its interface, beside Public6
	NoPublic    bool         // it gets no public IPv4 address
	IPv6        int          // how many IPv6 addresses a launch asks for
	Private     netip.Addr
	Elastic     bool // Public is an elastic address, kept over a stop
	NoTerminate bool // the API refuses to end it: termination protection, deletion protection
	NoStop      bool // the API of EC2 refuses to stop it, and to terminate it too
	Type, Image string
	Network     string // subnet or network id
	KeyName     string
	Profile     string
	Launched    time.Time
	Changed     time.Time // last change of state
	Tags        map[string]string
	BareTags    map[string]bool   // Triton: tags whose value is a number or a bool, written as JSON writes it
	Metadata    map[string]string // Triton metadata, user-script included
	UserData    []byte
	ClientToken string
	Reason      string // why it is in its state where no one asked for that; "code: message"
	Number      int    // position in the cloud's list; grows with every launch

	real   bool // a machine runs it, see Options.Machine
	seeded bool // it was there when the world began
}

// V6 lists the instance's IPv6 addresses.
func (i *Instance) V6() []netip.Addr {
	if !i.Public6.IsValid() {
		return nil
	}
	return append([]netip.Addr{i.Public6}, i.More6...)
}

// Address is an address of the account that an instance need not hold.
type Address struct {
	ID       string // eipalloc-… or eni-…
	IP       netip.Addr
	Private  netip.Addr
	Kind     providers.AddressKind
	Instance string
	Note     string
}

// Errors of the world. The fronts give each the shape of their API.
var (
	ErrNoInstance = errors.New("no such instance")
	ErrGone       = errors.New("the instance was deleted")
	ErrState      = errors.New("the instance is not in a state that allows this")
	ErrToken      = errors.New("the client token was used with other parameters")
)

type cloud struct {
	Cloud
	instances []*Instance // in launch order; terminated ones too until forgotten
	byID      map[string]*Instance
	tokens    map[string]string // client token to instance id
	gone      map[string]time.Time
	last      map[string]*Instance // what is gone, as it was last; nil until something is
	consoles  map[string][]consoleLine
	addresses []Address
	nextIP    uint32
	nextIP6   uint32
	base      netip.Prefix
	number    int
}

// Clouds lists the clouds of the world.
func (w *World) Clouds() []Cloud {
	out := make([]Cloud, len(w.clouds))
	for i, c := range w.clouds {
		out[i] = c.Cloud
	}
	return out
}

func (w *World) cloud(name string) *cloud {
	for _, c := range w.clouds {
		if c.Name == name {
			return c
		}
	}
	panic("no cloud " + name + " in the world")
}

// CloudIn finds the cloud of a provider in a region or data centre.
func (w *World) CloudIn(p providers.Provider, region string) (Cloud, bool) {
	for _, c := range w.clouds {
		if c.Provider == p && c.Region == region {
			return c.Cloud, true
		}
	}
	return Cloud{}, false
}

func copyOf(i *Instance) Instance {
	c := *i
	c.Tags, c.BareTags, c.Metadata = maps.Clone(i.Tags), maps.Clone(i.BareTags), maps.Clone(i.Metadata)
	return c
}

// Instances lists a cloud's instances in launch order, terminated ones included
// as long as they are listed. keep may be nil; offset and limit apply to what it keeps
// (limit 0: all). total counts all that it keeps.
func (w *World) Instances(cloudName string, keep func(*Instance) bool, offset, limit int) (page []Instance, total int) {
	w.lock()
	defer w.unlock()
	for _, i := range w.cloud(cloudName).instances {
		if keep != nil && !keep(i) {
			continue
		}
		if total >= offset && (limit <= 0 || len(page) < limit) {
			page = append(page, copyOf(i))
		}
		total++
	}
	return page, total
}

// Instance returns one instance. ErrGone says that it existed, and comes with what
// it was last; ErrNoInstance says that it never did.
func (w *World) Instance(cloudName, id string) (Instance, error) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	if i, ok := c.byID[id]; ok {
		return copyOf(i), nil
	}
	if _, ok := c.gone[id]; ok {
		if i, ok := c.last[id]; ok {
			return copyOf(i), ErrGone
		}
		return Instance{}, ErrGone
	}
	return Instance{}, ErrNoInstance
}

// Launch starts an instance made from spec (its ID, State, addresses and
// times are set here). A ClientToken that was used before gives the same instance.
func (w *World) Launch(cloudName string, spec Instance) (Instance, error) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	if id, ok := c.tokens[spec.ClientToken]; ok && spec.ClientToken != "" {
		i, ok := c.byID[id]
		if !ok {
			return Instance{}, ErrGone
		}
		if i.Image != spec.Image || i.Type != spec.Type || string(i.UserData) != string(spec.UserData) {
			return Instance{}, ErrToken
		}
		return copyOf(i), nil
	}
	spec.Tags, spec.Metadata = maps.Clone(spec.Tags), maps.Clone(spec.Metadata)
	i := w.add(c, spec)
	i.State, i.real = providers.StatePending, w.machine != nil
	for n := range i.IPv6 {
		if a := w.newIP6(c); n == 0 {
			i.Public6 = a
		} else {
			i.More6 = append(i.More6, a)
		}
	}
	w.after(w.delays.Boot, func() { w.boot(c, i) })
	return copyOf(i), nil
}

// add puts an instance into a cloud, with an id and a private address.
func (w *World) add(c *cloud, spec Instance) *Instance {
	i := new(Instance)
	*i = spec
	if i.ID == "" {
		i.ID = w.newID(c.Provider)
	}
	c.number++
	i.Number = c.number
	if i.Launched.IsZero() {
		i.Launched = w.now()
	}
	i.Changed = i.Launched
	i.Private = netip.AddrFrom4([4]byte{10, byte(16 + slices.Index(w.clouds, c)), byte(c.number >> 8), byte(c.number)})
	if i.Tags == nil {
		i.Tags = map[string]string{}
	}
	c.instances = append(c.instances, i)
	c.byID[i.ID] = i
	if i.ClientToken != "" {
		c.tokens[i.ClientToken] = i.ID
	}
	return i
}

// boot brings an instance up: it gets a public address, and after a moment its agent acts.
func (w *World) boot(c *cloud, i *Instance) {
	if i.State != providers.StatePending {
		return
	}
	if w.FaultOf(c.Name) == NoCapacity {
		w.refuseBoot(c, i)
		return
	}
	i.State, i.Changed, i.Reason = providers.StateRunning, w.now(), ""
	if !i.Public.IsValid() && !i.NoPublic {
		i.Public = w.newIP(c)
	}
	if i.real {
		w.tell(c, i, Start)
		return
	}
	w.agent(c, i)
}

// refuseBoot ends an instance that its cloud has no room for. EC2 terminates a new one and
// stops one that ran before; CloudAPI shows a machine whose provisioning has failed.
func (w *World) refuseBoot(c *cloud, i *Instance) {
	switch {
	case c.Provider == providers.Triton:
		i.State, i.Changed = providers.StateFailed, w.now()
		i.Reason = "server: NoAllocatableServers: No compute resources available"
	case i.Changed != i.Launched:
		i.State, i.Changed = providers.StateStopped, w.now()
		i.Reason = insufficient
	default:
		w.terminate(c, i)
		i.Reason = insufficient
	}
}

const insufficient = "Server.InsufficientInstanceCapacity: There was insufficient capacity available to satisfy the launch request."

// Power is what can be done to an instance.
type Power string

// The power actions. Plug is what no one asks for: the machine is dead at once
// and its agent takes nothing back.
const (
	Start     Power = "start"
	Stop      Power = "stop"
	Reboot    Power = "reboot"
	Terminate Power = "terminate"
	Plug      Power = "plug"
)

// Do carries out a power action and returns the instance before and after it.
func (w *World) Do(cloudName, id string, p Power) (before, after Instance, err error) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	i, ok := c.byID[id]
	if !ok {
		if _, gone := c.gone[id]; gone {
			return before, after, ErrGone
		}
		return before, after, ErrNoInstance
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
		if !i.real && p != Plug {
			w.act(c, i, false)
		}
		w.write(c, i, consoleLine{at: w.now(), kind: halts, text: goodbye(p)})
	}
	switch p {
	case Start:
		switch i.State {
		case providers.StateRunning, providers.StatePending:
			return nil
		case providers.StateStopped:
			i.State, i.Changed = providers.StatePending, w.now()
			w.after(w.delays.Boot, func() { w.boot(c, i) })
			return nil
		}
	case Stop:
		switch i.State {
		case providers.StateStopped, providers.StateStopping:
			return nil
		case providers.StateRunning, providers.StatePending:
			down()
			i.State, i.Changed = providers.StateStopping, w.now()
			if i.real {
				w.tell(c, i, p)
				return nil
			}
			w.after(w.delays.Stop, func() { w.halt(c, i) })
			return nil
		}
	case Reboot:
		if i.State == providers.StateRunning {
			down()
			i.Changed = w.now()
			if i.real {
				w.tell(c, i, p)
				return nil
			}
			w.agent(c, i)
			return nil
		}
	case Terminate, Plug:
		if i.State == providers.StateTerminated || i.State == providers.StateTerminating {
			return nil
		}
		down()
		if i.real {
			w.tell(c, i, p)
		}
		if p == Plug {
			w.terminate(c, i)
			return nil
		}
		i.State, i.Changed = providers.StateTerminating, w.now()
		if i.real {
			return nil
		}
		w.after(w.delays.Stop, func() { w.terminate(c, i) })
		return nil
	}
	return fmt.Errorf("%w: %s while %s", ErrState, p, i.State)
}

// tell leaves word for Options.Machine.
func (w *World) tell(c *cloud, i *Instance, p Power) {
	w.machines = append(w.machines, MachineEvent{Power: p, Cloud: c.Cloud, Instance: copyOf(i)})
}

// Halted says that the machine of an instance is off, by itself or because it
// was told to: a running or stopping instance has stopped then, one that was
// shutting down is terminated. It does nothing to any other.
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
		w.halt(c, i)
	case providers.StateTerminating:
		w.terminate(c, i)
	}
}

func (w *World) halt(c *cloud, i *Instance) {
	if i.State != providers.StateStopping {
		return
	}
	i.State, i.Changed = providers.StateStopped, w.now()
	if c.Provider == providers.EC2 && !i.Elastic {
		i.Public = netip.Addr{} // an automatic address is given back
	}
}

// terminate ends an instance: EC2 lists it for a while without its addresses, Triton at once no more.
func (w *World) terminate(c *cloud, i *Instance) {
	i.State, i.Changed = providers.StateTerminated, w.now()
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

func (w *World) forget(c *cloud, i *Instance) {
	c.instances = slices.DeleteFunc(c.instances, func(x *Instance) bool { return x == i })
	delete(c.byID, i.ID)
	delete(c.consoles, i.ID)
	c.gone[i.ID] = w.now()
	if c.last == nil {
		c.last = map[string]*Instance{}
	}
	c.last[i.ID] = i
}

// SetTags merges tags into an instance; an empty value in remove deletes the tag.
func (w *World) SetTags(cloudName, id string, set map[string]string, remove []string) error {
	w.lock()
	defer w.unlock()
	i, ok := w.cloud(cloudName).byID[id]
	if !ok {
		return ErrNoInstance
	}
	maps.Copy(i.Tags, set)
	for k := range set {
		delete(i.BareTags, k)
	}
	for _, k := range remove {
		delete(i.Tags, k)
		delete(i.BareTags, k)
	}
	if n, ok := set["Name"]; ok {
		i.Name = n
	}
	return nil
}

// BareTags says which tags of an instance are numbers or bools, and not strings.
func (w *World) BareTags(cloudName, id string, keys []string) error {
	return w.edit(cloudName, id, func(i *Instance) {
		if i.BareTags == nil {
			i.BareTags = map[string]bool{}
		}
		for _, k := range keys {
			i.BareTags[k] = true
		}
	})
}

// Addresses lists the addresses of a cloud's account, elastic ones first.
func (w *World) Addresses(cloudName string) []Address {
	w.lock()
	defer w.unlock()
	return slices.Clone(w.cloud(cloudName).addresses)
}

func (w *World) newID(p providers.Provider) string {
	if p == providers.EC2 {
		return fmt.Sprintf("i-0%016x", w.rng.Uint64())
	}
	return w.uuid()
}

// uuid returns a random UUID of version 4 from the world's seed.
func (w *World) uuid() string {
	var b [16]byte
	for n := range b {
		b[n] = byte(w.rng.UintN(256))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newIP returns the next address of the cloud's pool.
func (w *World) newIP(c *cloud) netip.Addr {
	c.nextIP++
	b := c.base.Addr().As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n += c.nextIP + c.nextIP/254*2
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
