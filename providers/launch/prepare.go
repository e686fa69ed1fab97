package launch

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
)

// Limits of one launch. MaxNodes limits the cost of a typing error. The tag limits are those of EC2 (EC2 User Guide,
// "Tag restrictions").
const (
	MaxNodes    = 500
	maxTags     = 40 // EC2 allows 50, including rollcall's own and the cloud's
	maxTagKey   = 128
	maxTagValue = 256
	maxLabel    = 63 // RFC 1035 section 2.3.4
)

// NewID returns a random launch id of twelve hex digits.
func NewID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

// IDOf returns the launch id of what the parts name: the same for the same parts.
func IDOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

// Error returns the problems, one per line.
func (p Problems) Error() string { return strings.Join(p, "\n") }

func (p *Problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// Prepare checks a spec and returns its nodes, in order. It does no I/O. The error is Problems, with one line per problem.
func Prepare(spec Spec, clouds []Cloud) ([]Node, error) {
	var p Problems
	if !idOK(spec.ID) {
		p.add("launch id %q: it takes 1 to 32 lower-case letters and digits", spec.ID)
	}
	total := 0
	seen := map[string]bool{}
	for i := range spec.Nodes {
		t := &spec.Nodes[i]
		total += max(t.Count, 0)
		if seen[t.Cloud] {
			p.add("cloud %s: it is named twice; give one count for it", t.Cloud)
		}
		seen[t.Cloud] = true
		t.check(&p, clouds)
	}
	switch {
	case len(spec.Nodes) == 0:
		p.add("nothing to launch: name at least one cloud")
	case total > MaxNodes:
		p.add("%d nodes in one launch: the limit is %d", total, MaxNodes)
	}
	checkTags(&p, spec.Tags)
	longest := spec.name(max(total-1, 0))
	switch {
	case spec.NamePrefix == "":
		p.add("the name prefix is empty")
	case !labelOK(spec.NamePrefix):
		p.add("name prefix %q: node names are host names, with letters, digits and hyphens, beginning with a letter or digit (RFC 1123 section 2.1)", spec.NamePrefix)
	case len(longest) > maxLabel:
		p.add("name prefix %q: the name %s has %d characters, the limit is %d (RFC 1035 section 2.3.4)", spec.NamePrefix, longest, len(longest), maxLabel)
	}
	if len(p) > 0 {
		return nil, p
	}
	var nodes []Node
	for _, t := range spec.Nodes {
		for i := range t.Count {
			nodes = append(nodes, Node{Cloud: t.Cloud, Index: i, Name: spec.name(len(nodes)), Stage: StageWaiting})
		}
	}
	return nodes, nil
}

func (t *Target) check(p *Problems, clouds []Cloud) {
	i := slices.IndexFunc(clouds, func(c Cloud) bool { return c.Name == t.Cloud })
	if i < 0 {
		var names []string
		for _, c := range clouds {
			names = append(names, c.Name)
		}
		p.add("cloud %q: there is no such cloud; there are %s", t.Cloud, strings.Join(names, ", "))
		return
	}
	at := "cloud " + t.Cloud
	if t.Count < 1 {
		p.add("%s: a count of %d launches nothing; it takes 1 or more", at, t.Count)
	}
	if t.Image == "" {
		p.add("%s: no image is chosen", at)
	}
	if t.Size == "" {
		p.add("%s: no size is chosen", at)
	}
	has := &clouds[i].Traits
	if over := len(t.UserData) - has.UserData; over > 0 {
		p.add("%s: the user data has %d bytes, %s takes %d: %d too many", at, len(t.UserData), has.Title, has.UserData, over)
	}
	if len(t.Metadata) > 0 && !has.Metadata {
		p.add("%s: metadata is for Triton; %s has none", at, has.Title)
	}
	if t.KeyPair != "" && !has.KeyPairs {
		p.add("%s: key pairs are for EC2; %s takes the keys of the account", at, has.Title)
	}
	if t.Profile != "" && !has.InstanceRoles {
		p.add("%s: instance profiles are for EC2; %s has none", at, has.Title)
	}
	if _, ok := t.Metadata["user-script"]; ok && has.Metadata {
		p.add("%s: the metadata key user-script holds the boot script; leave it out", at)
	}
}

func checkTags(p *Problems, tags map[string]string) {
	if len(tags) > maxTags {
		p.add("%d tags: the limit is %d", len(tags), maxTags)
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		switch {
		case k == "" || len(k) > maxTagKey:
			p.add("tag %.40q: a tag's name has 1 to %d characters", k, maxTagKey)
		case slices.Contains([]string{providers.TagLaunch, providers.TagFleet, providers.TagService, "Name"}, k):
			p.add("tag %s: rollcall sets it itself", k)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			p.add("tag %s: names that begin with aws: are Amazon's", k)
		case len(tags[k]) > maxTagValue:
			p.add("tag %s: the value has %d characters, the limit is %d", k, len(tags[k]), maxTagValue)
		case strings.ContainsFunc(k+tags[k], func(r rune) bool { return r < ' ' || r == 0x7f }):
			p.add("tag %q: it holds a control character", k)
		}
	}
}

// idOK reports whether the id can be part of tags, names and tokens.
func idOK(id string) bool {
	return id != "" && len(id) <= 32 && !strings.ContainsFunc(id, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

func labelOK(s string) bool {
	ok := func(r rune) bool {
		return r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return s != "" && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool { return !ok(r) })
}

// name returns the name of the n-th node of the whole launch. It contains part of the launch id because Triton requires
// names to be unique within an account.
func (s *Spec) name(n int) string {
	return s.NamePrefix + "-" + s.ID[:min(4, len(s.ID))] + "-" + fmt.Sprintf("%02d", n+1)
}

// request returns the launch request of one node.
func (s *Spec) request(t *Target, n *Node) providers.LaunchRequest {
	tags := maps.Clone(s.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[providers.TagLaunch] = s.ID + "/" + strconv.Itoa(n.Index)
	if s.Fleet != "" {
		tags[providers.TagFleet] = s.Fleet
	}
	if s.Service != "" {
		tags[providers.TagService] = s.Service
	}
	return providers.LaunchRequest{
		LaunchID: s.ID, Index: n.Index, Name: n.Name, Image: t.Image, Size: t.Size, Network: t.Network,
		KeyPair: t.KeyPair, Profile: t.Profile, UserData: t.UserData, Tags: tags, Metadata: t.Metadata,
	}
}
