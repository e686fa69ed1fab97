package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
	"rollcall/providers/sshkey"
)

// proofs are by whom the entries of a team's journal are proved.
type proofs struct {
	journal.Proofs
	allowed *sshkey.Allowed
}

// signed reports whether any entry has a signature that fits.
func (p *proofs) signed() bool {
	for _, one := range p.Entries {
		if one.Key != "" {
			return true
		}
	}
	return false
}

// open reports whether there are signatures, and no list of who may sign.
func (p *proofs) open() bool { return p != nil && p.allowed.From() == "" && p.signed() }

// addTo sets by whom rows are proved.
func (p *proofs) addTo(list []rows.Entry) {
	for i := range list {
		switch one, known := p.Entries[list[i].ID]; {
		case !known:
			list[i].ProvedBy = "its signature proves nothing"
		case one.Key == "":
			list[i].ProvedBy = "not signed"
		case one.Principals == "":
			list[i].ProvedBy = one.Key
		default:
			list[i].ProvedBy = one.Principals + " with " + one.Key
		}
	}
}

// lines returns for an operator by whom the entries of each author are proved, and what is not signed. Entries are oldest
// first.
func (p *proofs) lines(entries []journal.Entry) []string {
	type group struct{ who, key, principals string }
	groups := map[group]int{}
	unsigned := map[string][]string{} // author -> entries
	for i := range entries {
		e := &entries[i]
		switch one, known := p.Entries[e.ID]; {
		case !known: // it is a problem, which is said apart
		case one.Key == "":
			unsigned[e.Who] = append(unsigned[e.Who], e.ID)
		default:
			groups[group{e.Who, one.Key, one.Principals}]++
		}
	}
	var out []string
	for _, g := range slices.SortedFunc(maps.Keys(groups), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.who, b.who), cmp.Compare(a.key, b.key), cmp.Compare(a.principals, b.principals))
	}) {
		line := entriesOf(groups[g]) + " of " + words.Clean(g.who) + " signed with " + g.key
		if g.principals != "" {
			line += ", the key of " + words.Clean(g.principals) + " by " + p.allowed.From()
		}
		out = append(out, line)
	}
	for _, who := range slices.Sorted(maps.Keys(unsigned)) {
		ids := unsigned[who]
		out = append(out, fmt.Sprintf("%s of %s not signed: %s", entriesOf(len(ids)), words.Clean(who), words.Clean(ranges(ids))))
	}
	if p.Outcomes > 0 {
		out = append(out, index.Plural(p.Outcomes, "outcome", "outcomes")+" not signed")
	}
	if p.open() {
		out = append(out, "it is not known whose these keys are: name a file with allowed_signers in the config, or put it into the store with rollcall team signers FILE")
	}
	return out
}

// mostRanges is the number of ranges that a line lists.
const mostRanges = 12

// ranges returns ascending numbers as 1, 4 to 7, ….
func ranges(ids []string) string {
	var out []string
	for i := 0; i < len(ids); {
		first, err := strconv.ParseUint(ids[i], 10, 64)
		k := i + 1
		for err == nil && k < len(ids) && ids[k] == strconv.FormatUint(first+uint64(k-i), 10) {
			k++
		}
		if len(out) == mostRanges {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(ids)-i)
		}
		if k-i > 1 {
			out = append(out, ids[i]+" to "+ids[k-1])
		} else {
			out = append(out, ids[i])
		}
		i = k
	}
	return strings.Join(out, ", ")
}
