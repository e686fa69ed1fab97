package triton

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"rollcall/providers"
)

// machine holds the decoded fields of a CloudAPI machine. Metadata is never decoded, so that its secrets cannot leak.
type machine struct {
	ID        string                     `json:"id"`
	Name      string                     `json:"name"`
	State     string                     `json:"state"`
	Image     string                     `json:"image"`
	Package   string                     `json:"package"`
	PrimaryIP string                     `json:"primaryIp"`
	IPs       []string                   `json:"ips"`
	Created   string                     `json:"created"`
	Tags      map[string]json.RawMessage `json:"tags"`
	Errors    causes                     `json:"errors"`
}

// causes holds the elements of an "errors" member as Triton's APIs write them (Triton engineering guide, "Error
// handling"): what is wrong with each field of a request, or why a machine failed. Other shapes are kept as text.
type causes []json.RawMessage

// UnmarshalJSON accepts any JSON value, so that an unexpected one does not make the whole answer unreadable.
func (c *causes) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(b, &list) != nil {
		list = []json.RawMessage{bytes.Clone(b)}
	}
	*c = list
	return nil
}

// lines returns each cause as "field: code: message", without missing parts.
func (c causes) lines() []string {
	var out []string
	for _, raw := range c {
		var e struct{ Field, Code, Message string }
		text := tagText(raw)
		if json.Unmarshal(raw, &e) == nil && (e.Field != "" || e.Code != "" || e.Message != "") {
			text = strings.Join(slices.DeleteFunc([]string{e.Field, e.Code, e.Message}, func(s string) bool { return s == "" }), ": ")
		}
		if text != "" && text != "null" {
			out = append(out, text)
		}
	}
	return out
}

// stateOf maps CloudAPI's states. Offline means that the compute node cannot be reached.
func stateOf(s string) providers.InstanceState {
	switch s {
	case "provisioning", "configured", "incomplete", "receiving":
		return providers.StatePending
	case "running", "ready":
		return providers.StateRunning
	case "stopping", "halting", "shutting_down":
		return providers.StateStopping
	case "stopped", "installed", "down":
		return providers.StateStopped
	case "deleting":
		return providers.StateTerminating
	case "deleted", "destroyed":
		return providers.StateTerminated
	case "failed":
		return providers.StateFailed
	case "offline":
		return providers.StateOffline
	}
	return providers.StateUnknown
}

// tagText returns a tag's value as text. CloudAPI has strings, bools and numbers.
func tagText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.TrimSpace(string(raw))
}

// instance converts a machine. texts may be nil.
func (c *Cloud) instance(self *providers.Cloud, m *machine, texts *providers.Repeats) providers.Instance {
	i := providers.Instance{
		Cloud: c.name, Key: self.Key, Provider: providers.Triton, ID: m.ID, Name: m.Name, State: stateOf(m.State),
		Region: self.Region, Type: texts.Of(m.Package), Image: texts.Of(m.Image), Launched: parseTime(m.Created),
		Reason: providers.Message(strings.Join(m.Errors.lines(), "; ")),
	}
	if len(m.Tags) > 0 {
		all := make([]providers.Tag, 0, len(m.Tags))
		for k, v := range m.Tags {
			all = append(all, providers.Tag{Name: texts.Of(k), Value: texts.Of(tagText(v))})
		}
		i.Tags = texts.Tags(providers.NewTags(all))
		i.LaunchID, _, _ = strings.Cut(i.Tags.Get(providers.TagLaunch), "/")
	}
	ips := m.IPs
	if m.PrimaryIP != "" {
		ips = append(slices.Clip(ips), m.PrimaryIP)
	}
	for _, s := range ips {
		a, ok := providers.ParseAddr(s)
		switch {
		case !ok:
		case public(a):
			i.PublicIPs = append(i.PublicIPs, a)
		default:
			i.PrivateIPs = append(i.PrivateIPs, a)
		}
	}
	i.PublicIPs, i.PrivateIPs = sortUnique(i.PublicIPs), sortUnique(i.PrivateIPs)
	i.PackAddresses()
	return i
}

func sortUnique(a []netip.Addr) []netip.Addr {
	slices.SortFunc(a, netip.Addr.Compare)
	return slices.Compact(a)
}

// public reports whether an address is reachable globally: global unicast, not private (RFC 1918, RFC 4193), and not
// carrier-grade NAT (RFC 6598).
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !cgnat(a)
}

func cgnat(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	b := a.As4()
	return b[0] == 100 && b[1]&0xc0 == 64
}
