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

// Cloud is one simulated cloud.
type Cloud struct {
	Name     string
	Provider providers.Provider
	Region   string // EC2 region, or Triton data centre
	Account  string
	Key      providers.CloudKey
}

// Instance is a simulated machine. State is in rollcall's terms; the fronts translate it.
type Instance struct {
	ID, Name    string
	State       providers.InstanceState
	Public      netip.Addr // zero if it has none
	Public6     netip.Addr
	More6       []netip.Addr // of its interface, in addition to Public6
	NoPublic    bool         // it gets no public IPv4 address
	IPv6        int          // number of IPv6 addresses that a launch requests
	Private     netip.Addr
	Elastic     bool // Public is an elastic address and survives a stop
	NoTerminate bool // the API refuses to terminate it: termination or deletion protection
	NoStop      bool // EC2's API refuses to stop and to terminate it
	Type, Image string
	Network     string // subnet or network id
	KeyName     string
	Profile     string
	Launched    time.Time
	Changed     time.Time // last change of state
	Tags        map[string]string
	BareTags    map[string]bool   // Triton: tags whose value is a JSON number or bool
	Metadata    map[string]string // Triton metadata with user-script
	UserData    []byte
	ClientToken string
	Reason      string  // why it is in its state without a request; "code: message"
	Status      *Status // what EC2 says of it beside its state, or nil
	Number      int     // position in the cloud's list; increases with every launch

	real   bool // a machine runs it; see Options.Machine
	seeded bool // it existed at the start
}

// Status is what EC2's DescribeInstanceStatus says of an instance that runs.
type Status struct {
	System, Instance time.Time // since when that check fails; zero for one that passes
	Events           []ScheduledEvent
}

// ScheduledEvent is what Amazon will do with an instance.
type ScheduledEvent struct {
	ID, Code, Description string
	NotBefore, NotAfter   time.Time // zero for none
}

// V6 returns the instance's IPv6 addresses.
func (i *Instance) V6() []netip.Addr {
	if !i.Public6.IsValid() {
		return nil
	}
	return append([]netip.Addr{i.Public6}, i.More6...)
}

// Address is an address of the account, held by an instance or not.
type Address struct {
	ID       string // eipalloc-… or eni-…
	IP       netip.Addr
	Private  netip.Addr
	Kind     providers.AddressKind
	Instance string
	Note     string
}

// Errors of World. The fronts translate them for their API.
var (
	ErrNoInstance = errors.New("no such instance")
	ErrGone       = errors.New("the instance was deleted")
	ErrState      = errors.New("the instance is not in a state that allows this")
	ErrToken      = errors.New("the client token was used with other parameters")
)

type cloud struct {
	Cloud
	instances []*Instance // in launch order, including terminated ones until forgotten
	byID      map[string]*Instance
	tokens    map[string]string // client token -> instance id
	gone      map[string]time.Time
	last      map[string]*Instance // last state of instances that are gone; may be nil
	consoles  map[string][]consoleLine
	addresses []Address
	groups    []*TargetGroup
	nextIP    uint32
	nextIP6   uint32
	base      netip.Prefix
	number    int
}

// Clouds returns the simulated clouds.
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

// CloudIn returns the cloud of a provider in a region or data centre.
func (w *World) CloudIn(p providers.Provider, region string) (Cloud, bool) {
	for _, c := range w.clouds {
		if c.Provider == p && c.Region == region {
			return c.Cloud, true
		}
	}
	return Cloud{}, false
}

// instance returns one instance, or ErrGone or ErrNoInstance.
func (c *cloud) instance(id string) (*Instance, error) {
	if i, ok := c.byID[id]; ok {
		return i, nil
	}
	if _, ok := c.gone[id]; ok {
		return nil, ErrGone
	}
	return nil, ErrNoInstance
}

func copyOf(i *Instance) Instance {
	c := *i
	c.Tags, c.BareTags, c.Metadata = maps.Clone(i.Tags), maps.Clone(i.BareTags), maps.Clone(i.Metadata)
	return c
}

// Instances returns a cloud's instances in launch order, including terminated ones while they are listed. keep may be
// nil; offset and limit (0: all) apply to the instances that it keeps, and total is their number.
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

// Instance returns one instance. With ErrGone it existed, and its last state is returned; with ErrNoInstance it never
// did.
func (w *World) Instance(cloudName, id string) (Instance, error) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	i, err := c.instance(id)
	if err == nil {
		return copyOf(i), nil
	}
	if last, ok := c.last[id]; ok && errors.Is(err, ErrGone) {
		return copyOf(last), err
	}
	return Instance{}, err
}

// Launch starts an instance made from spec, and sets its ID, State, addresses and times. For a known ClientToken it
// returns the instance of the first launch.
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

// add adds an instance to a cloud, with an id and a private address.
func (w *World) add(c *cloud, spec Instance) *Instance {
	i := new(Instance)
	*i = spec
	if i.ID == "" {
		i.ID = w.newID(c.Provider)
	}
	c.number++
	i.Number = c.number
	if i.Launched.IsZero() {
		i.Launched = w.clock.Now()
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

// boot starts an instance: it gets a public address, and after a moment its agent acts.
func (w *World) boot(c *cloud, i *Instance) {
	if i.State != providers.StatePending {
		return
	}
	if w.FaultOf(c.Name) == NoCapacity {
		w.refuseBoot(c, i)
		return
	}
	i.State, i.Changed, i.Reason = providers.StateRunning, w.clock.Now(), ""
	if !i.Public.IsValid() && !i.NoPublic {
		i.Public = w.newIP(c)
	}
	if i.real {
		w.queueEvent(c, i, Start)
		return
	}
	w.agent(c, i)
}

// refuseBoot ends an instance that its cloud has no capacity for. EC2 terminates a new one and stops one that ran
// before; CloudAPI shows a failed machine.
func (w *World) refuseBoot(c *cloud, i *Instance) {
	switch {
	case c.Provider == providers.Triton:
		i.State, i.Changed = providers.StateFailed, w.clock.Now()
		i.Reason = "server: NoAllocatableServers: No compute resources available"
	case i.Changed != i.Launched:
		i.State, i.Changed = providers.StateStopped, w.clock.Now()
		i.Reason = insufficient
	default:
		w.terminate(c, i)
		i.Reason = insufficient
	}
}

const insufficient = "Server.InsufficientInstanceCapacity: There was insufficient capacity available to satisfy the launch request."

// SetTags sets tags of an instance, and deletes those in remove.
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

// BareTags sets which tags of an instance are numbers or bools instead of strings.
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

// Addresses returns the addresses of a cloud's account, elastic ones first.
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
