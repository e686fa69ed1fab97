package providers

import (
	"net/netip"
	"slices"
	"time"
)

// InstanceState is the state of an instance, in one vocabulary for all clouds.
type InstanceState string

// The states of an instance. Unknown covers states that the cloud itself does
// not know (Triton's "unknown" and "offline" are kept apart: offline means
// that the compute node is out of reach, so nothing can be said of the machine).
const (
	StatePending     InstanceState = "pending" // pending, provisioning
	StateRunning     InstanceState = "running"
	StateStopping    InstanceState = "stopping"
	StateStopped     InstanceState = "stopped"
	StateTerminating InstanceState = "terminating" // shutting-down, deleting
	StateTerminated  InstanceState = "terminated"  // terminated, deleted
	StateFailed      InstanceState = "failed"
	StateOffline     InstanceState = "offline"
	StateUnknown     InstanceState = "unknown"
)

// Dead reports whether an instance in this state can never run again.
func (s InstanceState) Dead() bool { return s == StateTerminated }

// Listed reports whether every list of a cloud has to show an instance in this state. Triton's lists
// leave out a machine whose provisioning failed, and one that is being deleted.
func (s InstanceState) Listed() bool {
	switch s {
	case StatePending, StateRunning, StateStopping, StateStopped:
		return true
	}
	return false
}

// Instance is a machine in a cloud.
type Instance struct {
	Cloud      string // name of its cloud in this config
	Key        CloudKey
	Provider   Provider
	ID         string
	Name       string
	State      InstanceState
	Region     string // EC2 availability zone's region, or Triton data centre
	Type       string // instance type or package
	Image      string
	PublicIPs  []netip.Addr // sorted
	PrivateIPs []netip.Addr // sorted
	Launched   time.Time
	Tags       map[string]string // never nil-checked by readers; may be nil
	LaunchID   string            // the launch that made it (tag rollcall.launch), or empty
	// ElasticIPs says which of PublicIPs are held by the account and stay
	// with it over a stop. The others are given back to the cloud.
	ElasticIPs []netip.Addr
	// Reason is why the instance is in its state, in the cloud's own words and whole, e.g.
	// "Server.InsufficientInstanceCapacity: …"; empty where the cloud does not say.
	Reason string
}

// Ref is the identity of the instance: what cursors, marks and plans hold.
func (i *Instance) Ref() InstanceRef {
	return InstanceRef{Cloud: i.Cloud, Key: i.Key, ID: i.ID, Name: i.Name}
}

// HasAddress reports whether a is one of the instance's public or private addresses.
func (i *Instance) HasAddress(a netip.Addr) bool {
	return slices.Contains(i.PublicIPs, a) || slices.Contains(i.PrivateIPs, a)
}

// InstanceRef names one instance.
type InstanceRef struct {
	Cloud string   `json:"cloud"`
	Key   CloudKey `json:"key,omitempty"`
	ID    string   `json:"id"`
	Name  string   `json:"name"`
}

// AddressKind says what holds an address that is not an instance's own.
type AddressKind string

// The kinds of address that count as inventory beside the instances' own.
const (
	AddressElastic   AddressKind = "elastic address"
	AddressInterface AddressKind = "network interface" // load balancers, NAT gateways and the like hold these
)

// Address is a public address of the account that may belong to something
// else than an instance. It is inventory all the same: a record that points
// at it is not dead.
type Address struct {
	Cloud    string
	Key      CloudKey
	IP       netip.Addr
	Kind     AddressKind
	ID       string // allocation id or interface id
	Instance string // instance id that it is attached to, or empty
	Note     string // the cloud's own description, e.g. "ELB app/www"
}

// Lookup is what a cloud answered when it was asked for one instance by id.
type Lookup struct {
	ID       string
	Asked    time.Time
	Gone     bool      // the cloud's own word: not found, 410, or terminated
	Final    bool      // gone for good, however young the marker was when it was asked: 410, or terminated
	Instance *Instance // the instance, when the cloud still shows it (also when terminated)
	Err      error     // no answer: Gone is false and nothing is known
	Key      CloudKey  // of the cloud that answered, where it was asked in the same question
}
