package index

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"rollcall/providers"
)

// ControllerOf returns the program that manages a record by what the zone says, or the empty string.
func (x *Index) ControllerOf(r *providers.Record) string {
	if c := x.controllers[r]; c != "" {
		return c
	}
	return ControllerInComment(r)
}

// AdoptOr returns what can be done about a record without a marker: adopt is the advice where nothing speaks
// against it. Where another program manages the record, it is changed where that has it from.
func (x *Index) AdoptOr(r *providers.Record, adopt string) string {
	if c := x.ControllerOf(r); c != "" {
		return "is managed by " + c + ", which would write it again: remove it at its source"
	}
	if at := x.Traits(r.Zone); at.Markers == providers.MarkerInComment && HasOwnComment(r) {
		return OwnComment(r, at.Title)
	}
	if adopt != "" && !x.Adoptable(r) {
		return "has no owner marker, and rollcall changes only what it owns: " + WithoutAdoption
	}
	return adopt
}

// Adoptable reports whether a record without a marker can be given one: it leads to a running instance.
func (x *Index) Adoptable(r *providers.Record) bool {
	i := x.InstanceOf(r)
	return i != nil && i.State == providers.StateRunning && !r.Alias
}

// WithoutAdoption says what a person does about a record without a marker that is not Adoptable.
const WithoutAdoption = "change it at its DNS provider"

// registry is one record of a registry: who manages what.
type registry struct {
	name       string // of the TXT record
	controller string
	sure       bool // its text says so; else only its name and form do
}

// addControllers finds the records that registries in TXT records name.
func (x *Index) addControllers() {
	x.controllers = map[*providers.Record]string{}
	for _, z := range x.Zones {
		var found []registry
		for i := range z.View.Records {
			if r := &z.View.Records[i]; r.Type == "TXT" && !r.IsMarker() {
				if reg, ok := readRegistry(r); ok {
					found = append(found, reg)
				}
			}
		}
		if len(found) == 0 {
			continue
		}
		z.registered = true
		names := newZoneNames(z)
		for _, reg := range found {
			for _, r := range reg.managedRecords(names) {
				if x.controllers[r] == "" || reg.sure {
					x.controllers[r] = reg.controller
				}
			}
		}
	}
}

// octoOwner is the first label of the ownership records of octoDNS, and octoValue their text.
const (
	octoOwner = "_owner"
	octoValue = "*octodns*"
)

// readRegistry reads a TXT record that may belong to a registry.
func readRegistry(r *providers.Record) (registry, bool) {
	parts, ok := providers.ParseTXT(r.Value)
	if !ok {
		return registry{}, false
	}
	text := strings.Trim(strings.TrimSpace(strings.Join(parts, "")), `"`)
	if text == octoValue && strings.HasPrefix(r.Name, octoOwner+".") {
		return registry{r.Name, "octoDNS", true}, true
	}
	if strings.HasPrefix(text, "heritage=") {
		fields := map[string]string{}
		for f := range strings.SplitSeq(text, ",") {
			k, v, _ := strings.Cut(strings.TrimSpace(f), "=")
			fields[k] = v
		}
		who := Clean(fields["heritage"])
		if who == "" {
			return registry{}, false
		}
		var more []string
		if o := fields[who+"/owner"]; o != "" {
			more = append(more, "owner "+Clean(o))
		}
		if s := fields[who+"/resource"]; s != "" {
			more = append(more, "resource "+Clean(s))
		}
		if len(more) > 0 {
			who += " (" + strings.Join(more, ", ") + ")"
		}
		return registry{r.Name, who, true}, true
	}
	// An encrypted text is known by its form alone: base64 of nonce, cipher text and tag of AES-GCM.
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) >= 12+16+len("heritage=") && len(text) >= 60 {
		return registry{r.Name, "external-dns (its record is encrypted)", false}, true
	}
	return registry{}, false
}

// zoneNames are the records of a zone by what a registry may call them.
type zoneNames struct {
	zone  string
	named map[string][]*providers.Record // by name
	typed map[string][]*providers.Record // by the forms that say the type: a-www, a._metadata.www, _owner.a.www
}

func newZoneNames(z *ZoneState) *zoneNames {
	n := &zoneNames{zone: z.Name, named: map[string][]*providers.Record{}, typed: map[string][]*providers.Record{}}
	for i := range z.View.Records {
		r := &z.View.Records[i]
		if r.Type == "TXT" || r.Type == "SOA" {
			continue
		}
		n.named[r.Name] = append(n.named[r.Name], r)
		plain, wild := strings.CutPrefix(r.Name, "*.")
		for _, t := range typesOf(r) {
			forms := []string{t + "-" + r.Name, t + "._metadata." + r.Name, octoOwner + "." + t + "." + r.Name}
			if wild {
				forms = append(forms, "*."+t+"._metadata."+plain, octoOwner+"."+t+"._wildcard."+plain)
			}
			for _, f := range forms {
				n.typed[f] = append(n.typed[f], r)
			}
		}
	}
	return n
}

// typesOf returns what a registry calls the type of a record: external-dns calls an alias of Route 53 a CNAME.
func typesOf(r *providers.Record) []string {
	if r.Alias {
		return []string{strings.ToLower(r.Type), "cname"}
	}
	return []string{strings.ToLower(r.Type)}
}

// managedRecords finds the records of a zone that a record of a registry names: it has their name, or their name with
// the type before it, a prefix before it or a suffix after its first label, as the operator of that program
// has chosen; a wildcard may be replaced by a word.
func (reg *registry) managedRecords(n *zoneNames) []*providers.Record {
	if same := n.named[reg.name]; reg.sure && len(same) > 0 {
		return same
	}
	if typed := n.typed[reg.name]; len(typed) > 0 || !reg.sure {
		return typed
	}
	for i := 1; i < len(reg.name)-len(n.zone); i++ {
		if found := ofType(n.named[reg.name[i:]], reg.name[:i]); len(found) > 0 {
			return found
		}
	}
	label, rest, _ := strings.Cut(reg.name, ".")
	starts := []int{0}
	for _, t := range registryTypes {
		if strings.HasPrefix(label, t+"-") {
			starts = append(starts, len(t)+1)
		}
	}
	for _, from := range starts {
		for to := len(label) - 1; to > from; to-- {
			if found := ofType(n.named[label[from:to]+"."+rest], label[:from]+"."+label[to:]); len(found) > 0 {
				return found
			}
		}
	}
	if wild := ofType(n.named["*."+rest], label); len(wild) > 0 || rest != n.zone {
		return wild
	}
	return slices.DeleteFunc(ofType(n.named[n.zone], label), func(r *providers.Record) bool { // anything lies below the apex
		return !slices.ContainsFunc(typesOf(r), func(t string) bool { return slices.Contains(wordsOf(label), t) })
	})
}

func wordsOf(affix string) []string {
	return strings.FieldsFunc(affix, func(c rune) bool { return c == '-' || c == '.' || c == '_' })
}

// ofType returns those of some records of one name that what stands before or after the name in a registry may
// mean: those of the type that it says, or all when it says none.
func ofType(records []*providers.Record, affix string) []*providers.Record {
	if len(records) == 0 {
		return nil
	}
	words := wordsOf(affix)
	says := slices.ContainsFunc(words, func(w string) bool { return slices.Contains(registryTypes, w) })
	return slices.DeleteFunc(slices.Clone(records), func(r *providers.Record) bool {
		return says && !slices.ContainsFunc(typesOf(r), func(t string) bool { return slices.Contains(words, t) })
	})
}

// registryTypes are the types that registries put into names.
var registryTypes = []string{"a", "aaaa", "cname", "mx", "naptr", "ns", "ptr", "srv", "txt"}

// tools are the programs that manage records and are known by name.
var tools = []struct{ word, name string }{
	{"external-dns", "external-dns"},
	{"externaldns", "external-dns"},
	{"terragrunt", "Terraform"},
	{"terraform", "Terraform"},
	{"opentofu", "OpenTofu"},
	{"octodns", "octoDNS"},
	{"dnscontrol", "DNSControl"},
	{"pulumi", "Pulumi"},
	{"crossplane", "Crossplane"},
	{"cloudformation", "CloudFormation"},
	{"cert-manager", "cert-manager"},
	{"certbot", "certbot"},
	{"ansible", "Ansible"},
}

var managedBy = regexp.MustCompile(`(?i)\bmanaged[ _-]?(?:by|with|via)[ :=]+([A-Za-z0-9][A-Za-z0-9._/-]*)`)

// ControllerInComment reads the comment and the tags of a record at Cloudflare, and knows the answer to a challenge of
// ACME by its name.
func ControllerInComment(r *providers.Record) string {
	if r.Type == "TXT" && strings.HasPrefix(r.Name, "_acme-challenge.") {
		return "an ACME client"
	}
	if len(r.Owners) > 0 || len(r.BadMarkers) > 0 {
		return ""
	}
	for _, text := range []string{r.Comment, r.Policy} {
		if text == "" {
			continue
		}
		if strings.HasPrefix(text, "heritage=") {
			if reg, ok := readRegistry(&providers.Record{Name: r.Name, Type: "TXT", Value: providers.FormatTXT([]string{text})}); ok {
				return reg.controller
			}
		}
		low := strings.ToLower(text)
		for _, t := range tools {
			if strings.Contains(low, t.word) {
				return t.name
			}
		}
		if m := managedBy.FindStringSubmatch(text); m != nil && !slices.Contains([]string{"hand", "me", "us", "rollcall", "the"}, strings.ToLower(m[1])) {
			return Clean(m[1])
		}
	}
	return ""
}
