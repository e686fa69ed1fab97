package cli

import (
	"slices"
	"strings"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// findNodes returns the nodes that arguments name, each once: instances, and hosts that joined by hand, which only markers show.
func findNodes(v *dnsview.View, args []string) ([]providers.InstanceRef, error) {
	var out []providers.InstanceRef
	add := func(ref providers.InstanceRef) {
		if !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	for _, arg := range args {
		if !strings.HasPrefix(arg, providers.HostPrefix) {
			refs, err := findInstances(v, []string{arg})
			if err != nil {
				return nil, err
			}
			add(refs[0])
			continue
		}
		switch refs := hostsNamed(v, arg); len(refs) {
		case 0:
			return nil, notFound("host "+words.Clean(strings.TrimPrefix(arg, providers.HostPrefix)), "see rollcall ls services -o json", unreadZones(v, "", ""))
		case 1:
			add(refs[0])
		default:
			return nil, exit.Usagef("%s has joined in %d zones: write its records, such as those that rollcall ls records shows", words.Clean(arg), len(refs))
		}
	}
	return out, nil
}

// hostsNamed returns the hosts that joined by hand with this id. The same id in another zone is another host.
func hostsNamed(v *dnsview.View, id string) []providers.InstanceRef {
	var out []providers.InstanceRef
	look := func(r *tree.Members) {
		for _, n := range r.Nodes {
			if n.Ref.ID == id && !slices.Contains(out, n.Ref) {
				out = append(out, n.Ref)
			}
		}
	}
	for _, s := range tree.Of(v) {
		look(&s.Members)
		for _, i := range s.Incarnations {
			look(&i.Members)
		}
	}
	return out
}
