// Package tree shows every service with its nodes as they stand: in DNS, quiesced, dead or missing. It is pure, rests
// on a view and its findings, and asks package services who is a live member. It imports dnsview and what lies below it.
//
// Read Service, Incarnation, Members and Node, then Of.
package tree

import (
	"cmp"
	"net/netip"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// Service is one service as it stands: a round-robin name with its nodes, or
// a DNS-SD service type with its incarnations side by side. A declared service is there
// whether anything was seen of it or not.
type Service struct {
	Members
	// Listed says that the enumeration of the domain lists the service type (RFC 6763 section 9).
	Listed       bool
	Incarnations []*Incarnation // by name, declared ones first
}

// Incarnation is one incarnation of a DNS-SD service.
type Incarnation struct {
	Members
	Label  string              // the instance label as a person reads it, e.g. v1
	PTR    []*providers.Record // what leads browsers to it, subtypes included
	TXT    *providers.Record   // its attributes; nil when there is no such record
	Closed bool                // an SRV value says that it is decidedly not available (RFC 2782)
}

// Members is who serves under one name. That of a service type adds up its incarnations,
// and has nodes of its own only where SRV records stand at the name of the type itself.
type Members struct {
	Name     string // canonical: www.example.com, _http._tcp.example.com or v1._http._tcp.example.com
	Kind     index.ServiceKind
	Zone     string         // zone that its name lies in; empty when it is not read here
	Declared *index.Service // nil when it was only seen
	Nodes    []*Node
	Live     int                // nodes that clients are sent to and that run
	Minimum  int                // as declared; of a service type the sum
	Running  int                // instances that run and belong to it, in DNS or not
	Records  int                // values in DNS that belong to it
	Clouds   []string           // where it has nodes, in config order
	Findings []*dnsview.Finding // about it and its nodes, worst first
	thin     bool
}

// Thin reports whether the name, or one of its incarnations, has fewer live members than
// its declared minimum.
func (r *Members) Thin() bool { return r.thin }

// NodeState is how a node of a service stands in it.
type NodeState string

// The states of nodes. An instance that is in DNS and does not run has the state of its
// instance in their place, such as stopped.
const (
	NodeRunning    NodeState = "running"     // in DNS, and its instance runs
	NodeByHand     NodeState = "by hand"     // in DNS, and joined by hand: no cloud can say whether it runs
	NodeQuiesced   NodeState = "quiesced"    // taken out on purpose; its markers remember it
	NodeDead       NodeState = "dead"        // in DNS, and its instance is gone
	NodeMissing    NodeState = "missing"     // runs, and is not in DNS
	NodeHalf       NodeState = "half"        // runs, and no value at the name of the service leads to it
	NodeStarting   NodeState = "starting"    // not in DNS yet
	NodeOutside    NodeState = "not in DNS"  // runs, belongs to a service that is not declared, and is not in DNS
	NodeForeign    NodeState = "foreign"     // no one here has the address
	NodeUnmarked   NodeState = "unmarked"    // an address of ours without a marker, which no instance has
	NodeOtherFleet NodeState = "other fleet" // marked by another fleet
	NodeAmbiguous  NodeState = "ambiguous"   // its markers do not say clearly whose it is
	NodeUnknown    NodeState = "unknown"     // what is known is not enough to say
)

// Node is one node of one service: of a round-robin name each owner of addresses there,
// of an incarnation one SRV value. A quiesced node has markers in place of records.
type Node struct {
	Service string // the name that it serves under
	// Ref names the instance, or the host that joined by hand: then the id begins with
	// providers.HostPrefix. Its ID is empty where no one is known.
	Ref      providers.InstanceRef
	Instance *providers.Instance // nil when no cloud shows it
	State    NodeState
	Live     bool // clients are sent to it, and it runs

	Records  []*providers.Record // its values at the name of the service
	Hosts    []*providers.Record // DNS-SD: the records of the host name that its SRV value leads to
	Markers  []*providers.Record // what remembers values that were taken out
	Host     string              // DNS-SD: the target
	SRV      providers.SRV       // DNS-SD: the value, or the one that the markers remember
	HasSRV   bool                // SRV holds something
	Guessed  bool                // the markers do not say in full what was taken out; SRV is likely
	Weighted bool                // a weighted record set of Route 53 has it: Weight
	Weight   int64
	TTL      uint32 // seconds; see AutoTTL
	AutoTTL  bool

	Addresses []netip.Addr
	Health    *index.HealthState // nil when no check has an outcome that says something of now
	Findings  []*dnsview.Finding // about it in this service, worst first

	node   int32
	Member services.MemberID // whom it counts as while it is live
	Fleet  string            // of another fleet's node
	order  int               // of several nodes of one owner
	next   *Node             // the next one of one id, while the tree is built
}

// Key returns the identity of the node among those of its service. It stays the same when a node is quiesced,
// returned or balanced: marks hold it.
func (n *Node) Key() NodeKey {
	id := n.id()
	return NodeKey{Service: n.Service, Cloud: id.Cloud, ID: id.ID, Order: n.order}
}

// id returns the instance or host; else the target or the address.
func (n *Node) id() index.InstanceKey {
	id := cmp.Or(n.Ref.ID, n.Host)
	if id == "" && len(n.Records) > 0 {
		id = n.Records[0].Value
	}
	return index.InstanceKey{Cloud: n.Ref.Key, ID: id}
}

// NodeKey is the identity of a node of a service.
type NodeKey struct {
	Service string
	Cloud   providers.CloudKey
	ID      string // of the instance or host; else the target or the address
	Order   int    // of several values of one owner
}

// ByHand reports whether the node is a host that joined by hand.
func (n *Node) ByHand() bool { return providers.Owner{Instance: n.Ref.ID}.Host() }

// Of returns every declared or seen service with its nodes: the declared ones in the
// order of their declaration, then the others by name. The view keeps them, so the caller must not modify them. It is safe
// for concurrent use.
func Of(v *dnsview.View) []*Service {
	return dnsview.ServicesOf(v, func(v, last *dnsview.View, was []*Service) []*Service {
		if last != nil {
			if out, ok := after(v, last, was); ok {
				return out
			}
		}
		return Build(v)
	})
}

// Build makes what Of returns. It costs about as much as looking at every record once.
func Build(v *dnsview.View) []*Service {
	t := newBuilder(v)
	t.addDeclared()
	t.indexFindings()
	t.addRecords()
	t.addQuiesced()
	t.addOtherAddresses()
	t.addInstances()
	return t.finish()
}
