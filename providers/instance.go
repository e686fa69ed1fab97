package providers

import (
	"net/netip"
	"slices"
	"time"
)

// InstanceState is the state of an instance, in one vocabulary for all clouds.
type InstanceState string

// The states of an instance. Unknown is a state that the cloud itself does not know. Triton's "offline" is kept apart
// from it: the compute node cannot be reached, so the state of the machine is not known.
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

// Listed reports whether every list of a cloud has to show an instance in this state. Triton's lists leave out machines
// whose provisioning failed and machines that are being deleted.
func (s InstanceState) Listed() bool {
	switch s {
	case StatePending, StateRunning, StateStopping, StateStopped:
		return true
	}
	return false
}

// Instance is a machine in a cloud.
type Instance struct {
	Cloud      string // the cloud's name in this config
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
	Tags       Tags
	LaunchID   string // tag rollcall.launch, or empty
	// ElasticIPs are those of PublicIPs that belong to the account and survive a stop. The others return to the cloud.
	ElasticIPs []netip.Addr
	// Reason is the cloud's whole explanation of the state, e.g. "Server.InsufficientInstanceCapacity: …", or empty.
	Reason string
	// Lifecycle says what the cloud itself does with the instance, such as "in auto-scaling group web, which replaces it" or
	// "a spot instance, which Amazon may take back"; empty for nothing.
	Lifecycle string
}

// Ref returns the identity of the instance for cursors, marks and plans.
func (i *Instance) Ref() InstanceRef {
	return InstanceRef{Cloud: i.Cloud, Key: i.Key, ID: i.ID, Name: i.Name}
}

// HasAddress reports whether a is one of the instance's public or private addresses.
func (i *Instance) HasAddress(a netip.Addr) bool {
	return slices.Contains(i.PublicIPs, a) || slices.Contains(i.PrivateIPs, a)
}

// PackAddresses moves the addresses into one allocation without spare room.
func (i *Instance) PackAddresses() {
	all := make([]netip.Addr, 0, len(i.PublicIPs)+len(i.PrivateIPs)+len(i.ElasticIPs))
	for _, list := range []*[]netip.Addr{&i.PublicIPs, &i.PrivateIPs, &i.ElasticIPs} {
		if len(*list) > 0 {
			from := len(all)
			all = append(all, *list...)
			*list = all[from:len(all):len(all)]
		}
	}
}

// Equal reports whether two readings of an instance agree in every field.
func (i *Instance) Equal(o *Instance) bool {
	return i.Cloud == o.Cloud && i.Key == o.Key && i.Provider == o.Provider && i.ID == o.ID && i.Name == o.Name && i.State == o.State &&
		i.Region == o.Region && i.Type == o.Type && i.Image == o.Image && i.LaunchID == o.LaunchID && i.Reason == o.Reason && i.Lifecycle == o.Lifecycle && i.Launched.Equal(o.Launched) &&
		slices.Equal(i.PublicIPs, o.PublicIPs) && slices.Equal(i.PrivateIPs, o.PrivateIPs) && slices.Equal(i.ElasticIPs, o.ElasticIPs) && slices.Equal(i.Tags, o.Tags)
}

// InstanceRef names one instance.
type InstanceRef struct {
	Cloud string   `json:"cloud"`         // name of its cloud
	Key   CloudKey `json:"key,omitempty"` // key of that cloud
	ID    string   `json:"id"`            // its id
	Name  string   `json:"name"`          // its name
}

// AddressKind is the kind of object that holds an address outside the instances.
type AddressKind string

// The kinds of address that count as inventory beside the instances' own.
const (
	AddressElastic   AddressKind = "elastic address"
	AddressInterface AddressKind = "network interface" // of load balancers, NAT gateways and the like
)

// Address is a public address of the account that may belong to something other than an instance. It counts as
// inventory: a record that points at it is not dead.
type Address struct {
	Cloud    string
	Key      CloudKey
	IP       netip.Addr
	Kind     AddressKind
	ID       string // allocation id or interface id
	Instance string // id of the instance that it is attached to, or empty
	Note     string // the cloud's own description, e.g. "ELB app/www"
}

// Lookup is a cloud's answer to a query for one instance id.
type Lookup struct {
	ID       string
	Asked    time.Time
	Gone     bool      // the cloud reports not found, 410, or terminated
	Final    bool      // gone for good, even if the marker was young: 410, or terminated
	Instance *Instance // set while the cloud shows the instance, terminated or not
	Err      error     // the cloud did not answer: Gone is false and nothing is known
	Key      CloudKey  // of the cloud that answered, if it was identified in the same query
}

// NotSeen says of a cloud with KeepsDeleted why its "not found" proves nothing.
const NotSeen = "does not find it, and answers of a deleted one that it is gone (410): its credentials may not see it"

// By returns the lookup as an answer of a cloud with these traits. With KeepsDeleted "not found" is an error of
// KindNotFound, as nothing is known of the instance.
func (l Lookup) By(at *Traits) Lookup {
	if at.KeepsDeleted && l.Gone && !l.Final {
		l.Gone, l.Err = false, Errorf(KindNotFound, "", "the cloud "+NotSeen)
	}
	return l
}

// Same reports whether a later answer says the same of an instance; it may have been given at a later time, but not at an
// earlier one.
func (l Lookup) Same(o Lookup) bool {
	if o.Asked.Before(l.Asked) {
		return false
	}
	if (l.Instance == nil) != (o.Instance == nil) || l.Instance != nil && !l.Instance.Equal(o.Instance) {
		return false
	}
	return l.Gone == o.Gone && l.Final == o.Final && (l.Err == nil) == (o.Err == nil) && (l.Err == nil || l.Err.Error() == o.Err.Error())
}
