package tritonfront

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// Properties that all machines of the embedded cloud share.
const (
	machineType  = "virtualmachine"
	machineBrand = "bhyve"
)

// machineJSON is a machine as CloudAPI writes it.
type machineJSON struct {
	ID                 string            `json:"id"`
	Name               string            `json:"name"`
	Type               string            `json:"type"`
	Brand              string            `json:"brand"`
	State              string            `json:"state"`
	Image              string            `json:"image"`
	IPs                []string          `json:"ips"`
	Memory             int               `json:"memory"`
	Disk               int               `json:"disk"`
	DeletionProtection bool              `json:"deletion_protection"`
	Metadata           map[string]string `json:"metadata"`
	Tags               map[string]any    `json:"tags"`
	Created            string            `json:"created"`
	Updated            string            `json:"updated"`
	Networks           []string          `json:"networks"`
	PrimaryIP          string            `json:"primaryIp,omitempty"`
	FirewallEnabled    bool              `json:"firewall_enabled"`
	ComputeNode        string            `json:"compute_node"`
	Package            string            `json:"package"`
	Errors             []causeJSON       `json:"errors,omitempty"`
}

// causeJSON is a reason why a machine has failed, in the error format of Triton's APIs.
type causeJSON struct {
	Field   string `json:"field,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func stateOf(s providers.InstanceState) string {
	switch s {
	case providers.StatePending:
		return "provisioning"
	case providers.StateRunning:
		return "running"
	case providers.StateStopping:
		return "stopping"
	case providers.StateStopped:
		return "stopped"
	case providers.StateTerminating, providers.StateTerminated:
		return "deleted"
	case providers.StateFailed:
		return "failed"
	}
	return "unknown"
}

// pkg returns a package by its name or id; an unknown one has only a name.
func (f *front) pkg(nameOrID string) world.Size {
	for _, s := range f.w.Sizes(f.o.Cloud) {
		if s.Name == nameOrID || s.ID == nameOrID {
			return s
		}
	}
	return world.Size{Name: nameOrID}
}

func (f *front) toAPI(i world.Instance) *machineJSON {
	p := f.pkg(i.Type)
	m := &machineJSON{
		ID: i.ID, Name: i.Name, Type: machineType, Brand: machineBrand, State: stateOf(i.State), Image: i.Image,
		IPs: []string{}, Memory: p.MemoryMiB, Disk: p.DiskGiB * 1024, Metadata: i.Metadata, Tags: map[string]any{},
		Created: stamp(i.Launched), Updated: stamp(i.Changed), Networks: []string{}, Package: p.Name,
		ComputeNode: nodeOf(i.ID), DeletionProtection: i.NoTerminate,
	}
	if p := strings.SplitN(i.Reason, ": ", 3); len(p) == 3 {
		m.Errors = []causeJSON{{p[0], p[1], p[2]}}
	}
	if m.Metadata == nil {
		m.Metadata = map[string]string{}
	}
	for k, v := range i.Tags {
		m.Tags[k] = tagValue(&i, k, v)
	}
	for n, nic := range nicsOf(i) {
		m.IPs = append(m.IPs, nic.IP)
		m.Networks = append(m.Networks, nic.Network)
		if n == 0 {
			m.PrimaryIP = nic.IP
		}
	}
	for _, a := range i.V6() { // additional addresses of the public interface
		m.IPs = append(m.IPs, a.String())
	}
	return m
}

// deleted returns what CloudAPI keeps of a deleted machine.
func (f *front) deleted(i world.Instance) *machineJSON {
	i.Public, i.Public6, i.Private = netip.Addr{}, netip.Addr{}, netip.Addr{}
	m := f.toAPI(i)
	m.ID, m.State = i.ID, "deleted"
	return m
}

// tagValue returns the value of a tag in the type that was set. The tags of Triton's name service have fixed types.
func tagValue(i *world.Instance, name, value string) any {
	if i.BareTags[name] && json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	if name == "triton.cns.disable" {
		if b, err := strconv.ParseBool(value); err == nil {
			return b
		}
	}
	return value
}

// nic is a network interface as CloudAPI writes it.
type nic struct {
	IP      string `json:"ip"`
	MAC     string `json:"mac"`
	Primary bool   `json:"primary"`
	Netmask string `json:"netmask"`
	Gateway string `json:"gateway,omitempty"`
	State   string `json:"state"`
	Network string `json:"network"`
}

// nicsOf returns a machine's interfaces: none until it is provisioned, then one in the public network and one in the
// fabric.
func nicsOf(i world.Instance) []nic {
	if !i.Public.IsValid() {
		return nil
	}
	sum := sha256.Sum256([]byte(i.ID))
	mac := func(n byte) string { return fmt.Sprintf("90:b8:d0:%02x:%02x:%02x", sum[0], sum[1], sum[2]^n) }
	nics := []nic{{IP: i.Public.String(), MAC: mac(0), Primary: true, Netmask: "255.255.240.0", State: "running", Network: world.PublicNetwork}}
	if i.Private.IsValid() {
		nics = append(nics, nic{IP: i.Private.String(), MAC: mac(1), Netmask: "255.0.0.0", Gateway: "10.0.0.1", State: "running", Network: world.FabricNetwork})
	}
	return nics
}

// nodeOf returns an invented server id for a machine.
func nodeOf(id string) string {
	sum := sha256.Sum256([]byte("node" + id[:min(len(id), 1)]))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
