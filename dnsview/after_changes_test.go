package dnsview_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// changeRow changes a row of a world, adds one or removes one, in a new list, and returns what it has done.
func (w *world) changeRow(t *rapid.T) string {
	if rapid.Bool().Draw(t, "an instance") {
		c := &w.snap.Clouds[rapid.IntRange(0, len(w.snap.Clouds)-1).Draw(t, "of cloud")]
		if len(c.Instances) == 0 {
			return "none"
		}
		c.Instances = slices.Clone(c.Instances)
		return w.changeInstance(t, c, &c.Instances[rapid.IntRange(0, len(c.Instances)-1).Draw(t, "instance")])
	}
	z := &w.snap.Zones[rapid.IntRange(0, len(w.snap.Zones)-1).Draw(t, "of zone")]
	if len(z.Records) == 0 {
		return "none"
	}
	z.Records = slices.Clone(z.Records)
	return w.changeRecord(t, z, &z.Records[rapid.IntRange(0, len(z.Records)-1).Draw(t, "record")])
}

var someAddresses = []string{"34.200.16.1", "34.200.16.2", "165.225.128.1", "165.225.128.2", "165.225.128.77", "192.0.2.77", "10.0.0.1", "10.0.0.9", "2001:db8::1"}

func someAddress(t *rapid.T) string { return rapid.SampledFrom(someAddresses).Draw(t, "address") }

func (w *world) changeInstance(t *rapid.T, c *providers.CloudView, i *providers.Instance) string {
	switch n := rapid.IntRange(0, 12).Draw(t, "changed"); n {
	case 11:
		return w.move(t, i)
	case 0, 1:
		i.State = rapid.SampledFrom(randomStates).Draw(t, "its state")
		return "state"
	case 2:
		i.PublicIPs = []netip.Addr{addr(someAddress(t))}
		return "address moved"
	case 3:
		i.PublicIPs = append(slices.Clone(i.PublicIPs), addr(someAddress(t)))
		return "another address"
	case 4:
		i.PublicIPs, i.ElasticIPs = nil, nil
		return "no address"
	case 5:
		i.PrivateIPs = []netip.Addr{addr(rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.9"}).Draw(t, "private"))}
		return "private address"
	case 6, 7:
		i.Tags = providers.NewTags(append(slices.Clip(i.Tags), providers.Tag{Name: "service", Value: rapid.SampledFrom([]string{"www", "sd", "nothing", ""}).Draw(t, "tag")}))
		return "tag"
	case 8:
		i.Name = rapid.SampledFrom([]string{"www-01", "sd-02", "another", ""}).Draw(t, "its name")
		return "name"
	case 9:
		i.Launched = w.opts.Now.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "launched")) * time.Second)
		return "launched"
	case 10:
		gone := i.ID
		c.Instances = slices.DeleteFunc(c.Instances, func(x providers.Instance) bool { return x.ID == gone })
		if rapid.Bool().Draw(t, "gone") {
			c.Lookups = maps.Clone(c.Lookups)
			c.Lookups[gone] = providers.Lookup{ID: gone, Asked: w.opts.Now, Gone: true, Final: c.Cloud.Traits.KeepsDeleted}
		}
		return "instance gone"
	default:
		w.made++
		another := *i
		another.ID = fmt.Sprintf("i-0%016x", w.made)
		another.PublicIPs = []netip.Addr{addr(someAddress(t))}
		c.Instances = slices.Insert(c.Instances, rapid.IntRange(0, len(c.Instances)).Draw(t, "at"), another)
		return "instance added"
	}
}

func (w *world) changeRecord(t *rapid.T, z *providers.ZoneView, r *providers.Record) string {
	switch n := rapid.IntRange(0, 18).Draw(t, "changed"); n {
	case 0, 1:
		r.TTL = uint32(rapid.SampledFrom([]int{30, 60, 61}).Draw(t, "ttl"))
		return "TTL"
	case 2, 3, 4:
		if _, ok := r.Addr(); ok {
			r.Value = someAddress(t)
			r.Type = index.TypeOf(addr(r.Value))
			return "value"
		}
		if r.Type == "CNAME" {
			r.Value = rapid.SampledFrom([]string{"sd-02.unilans.net", "elsewhere.example.net", "ec2-34-200-16-1.compute-1.amazonaws.com"}).Draw(t, "alias")
			return "alias"
		}
		r.MarkerTTL++
		return "TTL of the marker"
	case 5:
		r.Modified = w.opts.Now.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "modified")) * time.Second)
		return "modified"
	case 6:
		r.ID = rapid.SampledFrom([]string{"a", "zz", r.ID}).Draw(t, "id")
		return "id"
	case 7:
		r.Proxied = !r.Proxied
		return "proxied"
	case 8:
		r.Comment = rapid.SampledFrom([]string{"", "managed by terraform", r.Comment}).Draw(t, "comment")
		return "comment"
	case 9:
		if len(r.Owners) == 0 {
			return "none"
		}
		r.Owners = slices.Clone(r.Owners)
		switch rapid.IntRange(0, 3).Draw(t, "owner") {
		case 0:
			r.Owners = nil
		case 1:
			r.Owners[0].Quiesced = !r.Owners[0].Quiesced
		case 2:
			r.Owners[0].Registered = w.opts.Now.Add(-time.Duration(rapid.IntRange(-900, 900).Draw(t, "registered")) * time.Second)
		default:
			r.Owners[0].Instance = rapid.SampledFrom([]string{ec2A, ec2B, tritonA, tritonB}).Draw(t, "owner's id")
		}
		return "owner"
	case 10, 16, 17:
		if r.Type == "SRV" {
			r.Value = rapid.SampledFrom([]string{"10 10 4218 sd-01.unilans.net", "5 5 80 sd-02.unilans.net", "0 0 0 ."}).Draw(t, "srv")
			return "SRV"
		}
		if o, ok := index.OwnerInMarker(r); ok && r.IsMarker() {
			return w.changeMarker(t, r, o)
		}
		if r.Type == "TXT" && len(r.Value) > 4 {
			r.Value = rapid.SampledFrom([]string{`"heritage=external-dns,external-dns/owner=x"`, `"rollcall9"`, r.Value}).Draw(t, "text")
			return "text"
		}
		return "none"
	case 11:
		w.reread()
		return "whose they are"
	case 12, 13:
		gone := r.Identity()
		z.Records = slices.DeleteFunc(z.Records, func(x providers.Record) bool { return x.Identity() == gone })
		return "record removed"
	case 14:
		twin := *r
		w.made++
		twin.ID = fmt.Sprint("again", w.made)
		z.Records = slices.Insert(z.Records, rapid.IntRange(0, len(z.Records)).Draw(t, "at"), twin)
		return "record twice"
	default:
		if i := w.anyone(t); i != nil && len(i.PublicIPs) > 0 {
			w.put(t, providers.Record{Name: rapid.SampledFrom([]string{wwwName, rrName, "sd-01.unilans.net"}).Draw(t, "name"), Type: index.TypeOf(i.PublicIPs[0]), Value: i.PublicIPs[0].String()}, ownerOf(i))
		}
		return "record added"
	}
}

// changeMarker changes what a marker says, and perhaps with it whose its record is.
func (w *world) changeMarker(t *rapid.T, r *providers.Record, o providers.Owner) string {
	switch rapid.IntRange(0, 3).Draw(t, "marker") {
	case 0:
		o.Quiesced = !o.Quiesced
	case 1:
		o.Registered = w.opts.Now.Add(-time.Duration(rapid.IntRange(-900, 900).Draw(t, "registered")) * time.Second).Truncate(time.Second)
	case 2:
		o.Value = someAddress(t)
	default:
		o.Instance = rapid.SampledFrom([]string{ec2A, tritonB, "i-0new"}).Draw(t, "marker's id")
	}
	text, err := o.Encode()
	if err != nil {
		return "none"
	}
	r.Value = providers.FormatTXT([]string{text})
	if rapid.Bool().Draw(t, "attached") {
		w.reread()
	}
	return "marker"
}

// move changes the address of an instance, and its records with it, as its agent would.
func (w *world) move(t *rapid.T, i *providers.Instance) string {
	if len(i.PublicIPs) == 0 {
		return "none"
	}
	was, is := i.PublicIPs[0].String(), someAddress(t)
	i.PublicIPs = []netip.Addr{addr(is)}
	for n := range w.snap.Zones {
		z := &w.snap.Zones[n]
		z.Records = slices.Clone(z.Records)
		for k := range z.Records {
			r := &z.Records[k]
			if o, ok := index.OwnerInMarker(r); ok && o.Instance == i.ID && o.Value == was {
				o.Value = is
				if text, err := o.Encode(); err == nil {
					r.Value = providers.FormatTXT([]string{text})
				}
			}
			if r.Value == was && r.Type == index.TypeOf(i.PublicIPs[0]) {
				r.Value = is
			}
		}
	}
	w.reread()
	return "moved with its records"
}
