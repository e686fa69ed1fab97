package tritonfront

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"rollcall/providers/sim/world"
)

// otherAccount is the account of the credentials under world.WrongKey.
const otherAccount = "0ddba11a-0000-4000-8000-00000000beef"

func (c *call) account() error {
	if len(c.rest) > 1 {
		return c.noRoute()
	}
	id := c.front.w.Credentials.TritonAccountID
	if c.kind == world.WrongKey {
		id = otherAccount
	}
	return c.ok(map[string]any{
		"id": id, "login": c.front.w.Credentials.TritonAccount, "email": "ops@scalability.expert",
		"companyName": "Scalability", "firstName": "Op", "lastName": "Erator", "postalCode": "", "triton_cns_enabled": false,
		"address": "", "city": "", "state": "", "country": "", "phone": "",
		"created": "2024-01-15T09:30:00.000Z", "updated": "2026-09-01T10:00:00.000Z",
	})
}

func (c *call) keys() error {
	var list []map[string]any
	for i, k := range c.o.Keys {
		list = append(list, map[string]any{
			"name": "rollcall-" + strconv.Itoa(i+1), "fingerprint": ssh.FingerprintLegacyMD5(k),
			"key": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))), "created": "2024-01-15T09:30:00.000Z",
		})
	}
	return c.pick(list, "name", "fingerprint")
}

func (c *call) datacenters() error {
	switch len(c.rest) {
	case 1:
		return c.ok(c.o.DataCenters)
	case 2:
		url, ok := c.o.DataCenters[c.rest[1]]
		if !ok {
			return newError(http.StatusNotFound, "ResourceNotFound", "datacenter "+c.rest[1]+" not found")
		}
		c.w.Header().Set("Location", url)
		return reply(c.w, c.r, http.StatusFound, map[string]string{"code": "ResourceMoved", "message": c.rest[1] + " " + url})
	}
	return c.noRoute()
}

func (c *call) images() error {
	var list []map[string]any
	for _, i := range c.front.w.Images(c.o.Cloud) {
		list = append(list, map[string]any{
			"id": i.ID, "name": i.Name, "version": i.Version, "os": i.OS, "description": i.Description, "published_at": i.Published,
			"type": "zvol", "state": "active", "public": true, "owner": "930896af-bf8c-48d4-885c-6573a94b1853", "image_size": 10240,
			"requirements": map[string]any{"brand": "bhyve"}, "tags": map[string]any{"role": "os"}, "homepage": "https://docs.tritondatacenter.com/public-cloud/instances",
			"files": []any{map[string]any{"compression": "gzip", "sha1": "5d41402abc4b2a76b9719d911017c592ae1f7c33", "size": 412316860}},
		})
	}
	if s := c.text("state"); s == "all" || s == "" {
		delete(c.params, "state")
	}
	return c.pick(list, "id")
}

func (c *call) packages() error {
	var list []map[string]any
	for _, s := range c.front.w.Sizes(c.o.Cloud) {
		list = append(list, map[string]any{
			"id": s.ID, "name": s.Name, "memory": s.MemoryMiB, "disk": s.DiskGiB * 1024, "swap": s.MemoryMiB * 4, "vcpus": s.VCPUs,
			"lwps": 4000, "version": "1.0.3", "group": "Generation 4", "default": false,
			"description": strconv.Itoa(s.VCPUs) + " vCPU, " + strconv.Itoa(s.MemoryMiB) + " MiB RAM, " + strconv.Itoa(s.DiskGiB) + " GiB disk",
		})
	}
	return c.pick(list, "id", "name")
}

func (c *call) networks() error {
	var list []map[string]any
	for _, n := range c.front.w.Networks(c.o.Cloud) {
		m := map[string]any{"id": n.ID, "name": n.Name, "public": n.Public, "fabric": !n.Public, "description": n.Name}
		if !n.Public {
			m["gateway"], m["internet_nat"], m["vlan_id"], m["subnet"] = "10.0.0.1", true, 2, cmp.Or(n.CIDR, "10.0.0.0/8")
			m["provision_start_ip"], m["provision_end_ip"] = "10.0.0.5", "10.255.255.250"
			m["resolvers"] = []string{"8.8.8.8", "8.8.4.4"}
		}
		list = append(list, m)
	}
	return c.pick(list, "id", "name")
}

// pick answers with a list filtered by the parameters that are fields of its objects, or with the object that the path
// names by one of ids.
func (c *call) pick(list []map[string]any, ids ...string) error {
	if len(c.rest) > 2 {
		return c.noRoute()
	}
	if len(c.rest) == 2 {
		for _, o := range list {
			for _, id := range ids {
				if o[id] == c.rest[1] {
					return c.ok(o)
				}
			}
		}
		return newError(http.StatusNotFound, "ResourceNotFound", strings.TrimSuffix(c.rest[0], "s")+" "+c.rest[1]+" not found")
	}
	out := []map[string]any{}
	for _, o := range list {
		if matches(o, c.params) {
			out = append(out, o)
		}
	}
	c.w.Header().Set("X-Resource-Count", strconv.Itoa(len(out)))
	return c.ok(out)
}

// matches reports whether an object has the wanted values in the fields that it has.
func matches(o, want map[string]any) bool {
	for k, v := range want {
		if have, ok := o[k]; ok && textOf(have) != textOf(v) {
			return false
		}
	}
	return true
}
