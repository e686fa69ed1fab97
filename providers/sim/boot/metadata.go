package boot

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// metadata is the metadata service of all clouds: version 2 of EC2's, and the values for mdata-get on Triton. It
// identifies the machine by the client's address.
type metadata struct {
	at func(netip.Addr) (world.Cloud, world.Instance, bool) // returns the holder of an address
	by world.Credentials
	// now is the clock by which tokens expire.
	now func() time.Time

	mu     sync.Mutex
	tokens map[string]token
}

type token struct {
	addr  netip.Addr
	until time.Time
}

// The headers of version 2 (EC2 User Guide, "Use the Instance Metadata Service").
const (
	tokenHeader = "X-Aws-Ec2-Metadata-Token"
	ttlHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	maxTokenTTL = 21600
)

// version matches the version before the tree.
var version = regexp.MustCompile(`^(latest|\d{4}-\d{2}-\d{2})$`)

// ServeHTTP answers one request of a machine.
func (m *metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	cloud, i, ok := m.at(hostOf(r))
	switch {
	case !ok:
		http.Error(w, "there is no machine at this address", http.StatusForbidden)
	case cloud.Provider == providers.EC2:
		m.ec2(w, r, cloud, &i)
	case r.URL.Path == "/mdata" && r.Method == http.MethodGet:
		value, ok := m.triton(cloud, &i)[r.URL.Query().Get("key")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		answerText(w, value)
	default:
		http.NotFound(w, r)
	}
}

func answerText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte(text)) // the machine may have left
}

func (m *metadata) ec2(w http.ResponseWriter, r *http.Request, c world.Cloud, i *world.Instance) {
	if r.URL.Path == "/latest/api/token" {
		m.issueToken(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !m.known(r.Header.Get(tokenHeader), hostOf(r)) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if path == "" {
		answerText(w, "latest")
		return
	}
	head, rest, _ := strings.Cut(path, "/")
	if !version.MatchString(head) {
		http.NotFound(w, r)
		return
	}
	tree := m.tree(c, i)
	if text, ok := tree[rest]; ok {
		answerText(w, text)
		return
	}
	if list := children(tree, strings.TrimSuffix(rest, "/")); len(list) > 0 {
		answerText(w, strings.Join(list, "\n"))
		return
	}
	http.NotFound(w, r)
}

// issueToken answers PUT /latest/api/token.
func (m *metadata) issueToken(w http.ResponseWriter, r *http.Request) {
	ttl, err := strconv.Atoi(r.Header.Get(ttlHeader))
	switch {
	case r.Method != http.MethodPut:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case err != nil || ttl < 1 || ttl > maxTokenTTL:
		w.WriteHeader(http.StatusBadRequest)
		return
	case r.Header.Get("X-Forwarded-For") != "":
		w.WriteHeader(http.StatusForbidden)
		return
	}
	text := rand.Text()
	m.mu.Lock()
	now := m.now()
	for k, t := range m.tokens {
		if now.After(t.until) {
			delete(m.tokens, k)
		}
	}
	m.tokens[text] = token{hostOf(r), now.Add(time.Duration(ttl) * time.Second)}
	m.mu.Unlock()
	w.Header().Set(ttlHeader, strconv.Itoa(ttl))
	answerText(w, text)
}

func (m *metadata) known(text string, from netip.Addr) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[text]
	return ok && t.addr == from && !m.now().After(t.until)
}

// tree returns all values of EC2's service for an instance, by path below the version.
func (m *metadata) tree(c world.Cloud, i *world.Instance) map[string]string {
	private := "ip-" + strings.ReplaceAll(i.Private.String(), ".", "-") + "." + c.Region + ".compute.internal"
	public := "ec2-" + strings.ReplaceAll(i.Public.String(), ".", "-") + "." + c.Region + ".compute.amazonaws.com"
	zone := c.Region + "a"
	document, _ := json.MarshalIndent(map[string]any{
		"accountId": c.Account, "architecture": "x86_64", "availabilityZone": zone, "imageId": i.Image, "instanceId": i.ID,
		"instanceType": i.Type, "pendingTime": i.Launched.UTC().Format(time.RFC3339), "privateIp": i.Private, "region": c.Region, "version": "2017-09-30",
	}, "", "  ")
	mac := macOf(i)
	t := map[string]string{
		"dynamic/instance-identity/document":    string(document),
		"meta-data/ami-id":                      i.Image,
		"meta-data/hostname":                    private,
		"meta-data/instance-id":                 i.ID,
		"meta-data/instance-type":               i.Type,
		"meta-data/local-hostname":              private,
		"meta-data/local-ipv4":                  i.Private.String(),
		"meta-data/mac":                         mac,
		"meta-data/placement/availability-zone": zone,
		"meta-data/placement/region":            c.Region,
		"meta-data/security-groups":             "default",
		"meta-data/services/domain":             "amazonaws.com",
	}
	for k, v := range map[string]string{
		"device-number": "0", "local-hostname": private, "local-ipv4s": i.Private.String(), "mac": mac, "owner-id": c.Account,
		"security-groups": "default", "subnet-id": i.Network,
	} {
		t["meta-data/network/interfaces/macs/"+mac+"/"+k] = v
	}
	// Values that an instance lacks are absent (EC2 User Guide, "Instance metadata categories").
	if i.Public.IsValid() {
		for _, at := range []string{"meta-data/", "meta-data/network/interfaces/macs/" + mac + "/"} {
			t[at+"public-hostname"] = public
		}
		t["meta-data/public-ipv4"], t["meta-data/network/interfaces/macs/"+mac+"/public-ipv4s"] = i.Public.String(), i.Public.String()
	}
	if v6 := i.V6(); len(v6) > 0 {
		t["meta-data/ipv6"], t["meta-data/network/interfaces/macs/"+mac+"/ipv6s"] = v6[0].String(), lines(v6)
	}
	for k, v := range i.Tags { // as with InstanceMetadataTags=enabled
		if !strings.Contains(k, "/") {
			t["meta-data/tags/instance/"+k] = v
		}
	}
	if len(i.UserData) > 0 {
		t["user-data"] = string(i.UserData)
	}
	if i.Profile != "" {
		now := m.now().UTC()
		until := now.Truncate(time.Hour).Add(7 * time.Hour) // the same ones for an hour
		keys := m.by.SessionKeys(world.Session{Profile: i.Profile, Name: i.ID, Until: until})
		credentials, _ := json.MarshalIndent(map[string]string{
			"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": until.Add(-7 * time.Hour).Format(time.RFC3339), "Expiration": until.Format(time.RFC3339),
			"AccessKeyId": keys.KeyID, "SecretAccessKey": keys.Secret, "Token": keys.Token,
		}, "", "  ")
		info, _ := json.Marshal(map[string]string{"Code": "Success", "InstanceProfileArn": "arn:aws:iam::" + c.Account + ":instance-profile/" + i.Profile})
		t["meta-data/iam/info"] = string(info)
		t["meta-data/iam/security-credentials/"+i.Profile] = string(credentials)
	}
	return t
}

// children returns the listing of a folder in the tree; folders end in a slash.
func children(tree map[string]string, dir string) []string {
	if dir != "" {
		dir += "/"
	}
	var out []string
	for path := range tree {
		rest, ok := strings.CutPrefix(path, dir)
		if !ok {
			continue
		}
		name, _, folder := strings.Cut(rest, "/")
		if folder {
			name += "/"
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// triton returns the values for mdata-get: the instance's own metadata, and the keys of the sdc namespace (the metadata
// data dictionary of Triton).
func (m *metadata) triton(c world.Cloud, i *world.Instance) map[string]string {
	at := reached(i)
	ips := []string{at.String() + "/32"}
	for _, a := range i.V6() {
		ips = append(ips, a.String()+"/64")
	}
	nics, _ := json.Marshal([]map[string]any{{
		"interface": "net0", "mac": macOf(i), "primary": true, "ip": at, "ips": ips, "nic_tag": "external",
	}})
	out := map[string]string{
		"sdc:uuid": i.ID, "sdc:alias": i.Name, "sdc:hostname": i.Name, "sdc:owner_uuid": c.Account, "sdc:datacenter_name": c.Region,
		"sdc:image_uuid": i.Image, "sdc:nics": string(nics),
	}
	for k, v := range i.Metadata {
		if !strings.HasPrefix(k, "sdc:") {
			out[k] = v
		}
	}
	for k, v := range i.Tags {
		out["sdc:tags."+k] = v
	}
	return out
}

// reached returns the address of a machine: its public one, or else its private one.
func reached(i *world.Instance) netip.Addr {
	if i.Public.IsValid() {
		return i.Public
	}
	return i.Private
}

func lines(list []netip.Addr) string {
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return strings.Join(out, "\n")
}

// macOf returns the MAC address of a machine's network card.
func macOf(i *world.Instance) string {
	a := reached(i).As4()
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3])
}
