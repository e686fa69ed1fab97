package dnsview_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// changeRows adds rows of any kind to a world, removes and reorders some, or changes what is known of single ones, and
// returns what it has done.
func (w *world) changeRows(t *rapid.T) string {
	z := &w.snap.Zones[rapid.IntRange(0, len(w.snap.Zones)-1).Draw(t, "rows of zone")]
	c := &w.snap.Clouds[rapid.IntRange(0, len(w.snap.Clouds)-1).Draw(t, "rows of cloud")]
	switch rapid.IntRange(0, 8).Draw(t, "rows") {
	case 0:
		z.Records = reorder(t, z.Records)
		return "records reordered"
	case 1:
		c.Instances = reorder(t, c.Instances)
		return "instances reordered"
	case 2:
		return w.askAgain(t, c)
	case 3:
		if len(z.Records) == 0 {
			return "none"
		}
		r := &z.Records[rapid.IntRange(0, len(z.Records)-1).Draw(t, "seen")]
		z.Appeared = maps.Clone(z.Appeared)
		if z.Appeared == nil {
			z.Appeared = map[providers.MarkerKey]time.Time{}
		}
		for _, o := range r.Owners {
			if _, known := z.Appeared[providers.MarkerKeyOf(r, o)]; known {
				continue // the first time stays the first
			}
			z.Appeared[providers.MarkerKeyOf(r, o)] = w.opts.Now.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "first seen")) * time.Second)
		}
		return "first seen"
	case 4:
		i, ok := w.launch(t, c)
		if ok && rapid.Bool().Draw(t, "registered") {
			w.put(t, providers.Record{Name: rapid.SampledFrom([]string{wwwName, rrName, i.Name + ".unilans.net"}).Draw(t, "name"), Type: "A", Value: i.PublicIPs[0].String()}, ownerOf(&i))
		}
		return "launched"
	case 5:
		if len(c.Instances) > 0 {
			at := rapid.IntRange(0, len(c.Instances)-1).Draw(t, "ended")
			gone := c.Instances[at].ID
			c.Instances = slices.Delete(slices.Clone(c.Instances), at, at+1)
			z.Records = slices.DeleteFunc(slices.Clone(z.Records), func(r providers.Record) bool {
				return slices.ContainsFunc(r.Owners, func(o providers.Owner) bool { return o.Instance == gone })
			})
		}
		return "ended, and its records with it"
	default:
		r := rapid.SampledFrom([]providers.Record{
			{Name: v1Name, Type: "SRV", Value: "10 10 4218 sd-01.unilans.net"},
			{Name: v1Name, Type: "SRV", Value: "0 0 0 ."},
			{Name: "a-first._tcp.unilans.net", Type: "SRV", Value: "10 10 4218 sd-02.unilans.net"},
			{Name: "v2._theservice._tcp.unilans.net", Type: "SRV", Value: "10 10 4218 www-03.unilans.net"},
			{Name: "v2._theservice._tcp.unilans.net", Type: "TXT", Value: `"txtvers=2"`},
			{Name: v1Name, Type: "TXT", Value: `"txtvers=3"`},
			{Name: "_theservice._tcp.unilans.net", Type: "PTR", Value: "v2._theservice._tcp.unilans.net"},
			{Name: "_theservice._tcp.unilans.net", Type: "PTR", Value: v1Name},
			{Name: "sd-02.unilans.net", Type: "AAAA", Value: "2001:db8::1"},
			{Name: "sd-02.unilans.net", Type: "CNAME", Value: "elsewhere.example.net"},
			{Name: "*.unilans.net", Type: "A", Value: "34.200.16.1"},
			{Name: "sub.unilans.net", Type: "NS", Value: "ns1.example.net"},
			{Name: "old.unilans.net", Type: "DNAME", Value: "new.example.net"},
			{Name: "cloud.unilans.net", Type: "CNAME", Value: "ec2-34-200-16-1.compute-1.amazonaws.com"},
			{Name: "hint.unilans.net", Type: "HTTPS", Value: "1 . alpn=h2 ipv4hint=165.225.128.2"},
			{Name: "mail.unilans.net", Type: "MX", Value: "10 ec2-34-200-16-2.compute-1.amazonaws.com"},
			{Name: "mail.unilans.net", Type: "MX", Value: "10 sd-01.unilans.net"},
			{Name: wwwName, Type: "A", Value: "34.200.16.1"},
			{Name: "www-03.unilans.net", Type: "A", Value: "165.225.128.2"},
		}).Draw(t, "new record")
		z := w.zone(zoneNamed(r.Name))
		z.Records = slices.Clone(z.Records)
		var owners []providers.Owner
		if i := w.anyone(t); i != nil && rapid.Bool().Draw(t, "owned") {
			owners = []providers.Owner{ownerOf(i)}
			if rapid.IntRange(0, 4).Draw(t, "whose") == 0 {
				owners[0].Fleet = "other"
			}
		}
		w.put(t, r, owners...)
		return "new " + r.Type
	}
}

func reorder[T any](t *rapid.T, rows []T) []T {
	if len(rows) < 2 {
		return rows
	}
	rows = slices.Clone(rows)
	from := rapid.IntRange(0, len(rows)-1).Draw(t, "from")
	r := rows[from]
	rows = slices.Delete(rows, from, from+1)
	return slices.Insert(rows, rapid.IntRange(0, len(rows)).Draw(t, "to"), r)
}

// askAgain has a cloud say something else of one instance.
func (w *world) askAgain(t *rapid.T, c *providers.CloudView) string {
	id := rapid.SampledFrom([]string{ec2A, ec2B, tritonA, tritonB, "i-0new"}).Draw(t, "asked for")
	c.Lookups = maps.Clone(c.Lookups)
	l := providers.Lookup{ID: id, Asked: w.opts.Now.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "asked")) * time.Second)}
	switch rapid.IntRange(0, 3).Draw(t, "answer") {
	case 0:
		delete(c.Lookups, id)
		return "not asked"
	case 1:
		l.Err = errors.New("no answer")
	default:
		l.Gone, l.Final = true, rapid.Bool().Draw(t, "final")
	}
	c.Lookups[id] = l
	return "asked again"
}

// launch adds an instance to a cloud like one that is there.
func (w *world) launch(t *rapid.T, c *providers.CloudView) (i providers.Instance, ok bool) {
	if len(c.Instances) == 0 {
		return i, false
	}
	i = c.Instances[rapid.IntRange(0, len(c.Instances)-1).Draw(t, "like")]
	w.made++
	i.ID, i.Name, i.State = fmt.Sprintf("i-0%016x", w.made), fmt.Sprintf("www-%02d", w.made), providers.StateRunning
	i.PublicIPs = append(slices.Clone(i.PublicIPs)[:0], addr(someAddress(t)))
	i.Tags = providers.TagsOf(map[string]string{"service": rapid.SampledFrom([]string{"www", "sd", wwwName}).Draw(t, "tag")})
	c.Instances = slices.Insert(slices.Clone(c.Instances), rapid.IntRange(0, len(c.Instances)).Draw(t, "at"), i)
	return i, true
}

// cameOrWent reports whether records have come or are gone in what an index was made of after another one.
func cameOrWent(is, was *index.Index) bool {
	c, ok := is.DiffersFrom(was)
	return ok && c != nil && c.Rows
}
