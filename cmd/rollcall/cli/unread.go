package cli

import (
	"slices"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// basis selects the sources that a command's answer depends on. The zero basis is all sources, for a command whose
// arguments name what to change.
type basis struct {
	// everySource is set for a command that changes all that it finds. Its answer is incomplete if any source is.
	everySource bool
	clouds      []string // only these clouds; nil for all
	noZones     bool     // no zones
	ranges      bool     // also the list of public ranges
}

// ofInstances returns the basis of a command on instances: their clouds, and every zone.
func ofInstances(refs []providers.InstanceRef) basis {
	b := basis{clouds: []string{}}
	for _, r := range refs {
		b.clouds = append(b.clouds, r.Cloud)
	}
	return b
}

// incompleteSources returns the incomplete sources of a basis, with everySource also a row for a missing cloud or zone.
// A command that finds nothing reports them and exits with 4.
func incompleteSources(s *app.Session, b basis) []rows.Source {
	if s.View == nil {
		return nil
	}
	list := slices.DeleteFunc(s.SourceRows(s.View), func(r rows.Source) bool {
		switch {
		case r.State == string(providers.CoverageComplete):
			return true
		case r.Kind == "cloud":
			return b.clouds != nil && !slices.Contains(b.clouds, r.Name)
		case r.Kind == "zone":
			return b.noZones
		}
		return !b.ranges
	})
	if !b.everySource {
		return list
	}
	none := func(kind string) {
		lacks := rows.Source{Identity: kind + "s", Name: kind + "s", Kind: kind, State: rows.Unread, Extent: rows.Unread, Error: text("no " + kind + " is configured")}
		list = append(list, lacks)
	}
	if !slices.ContainsFunc(s.View.Snapshot.Clouds, func(c providers.CloudView) bool { return !c.Unconfigured }) {
		none("cloud")
	}
	if len(s.View.Snapshot.Zones) == 0 {
		none("zone")
	}
	return list
}

// incompleteText lists incomplete sources with the reason of each.
func incompleteText(list []rows.Source) string {
	var out []string
	for _, r := range list {
		t := r.Name + " is " + r.State
		if r.Error != nil {
			t += " (" + strings.TrimPrefix(*r.Error, r.Name+": ") + ")"
		}
		out = append(out, t)
	}
	return strings.Join(out, "; ")
}

// notFound returns the error for a named object that no source shows. While a source that could contain it is
// incomplete, its existence is unknown: exit code 4, not 1.
func notFound(what, hint string, unread []string) error {
	if len(unread) > 0 {
		return exit.Unknownf("%s was not found, and %s could not be read completely: whether it exists is unknown; rollcall ls sources says why", what, words.Clean(strings.Join(unread, " and ")))
	}
	return exit.Usagef("there is no %s; %s", what, hint)
}

// nearestTo returns a hint with the known name that is most like a word, and where all of them are listed.
func nearestTo(word string, known []string, see string) string {
	if best := index.Nearest(word, known); best != "" {
		return "the nearest is " + words.Clean(best) + "; " + see
	}
	return see
}

// unreadZones returns the incomplete zones that could contain a name.
func unreadZones(v *dnsview.View, zone, name string) []string {
	var out []string
	for i := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[i]
		anything := strings.Contains(z.Zone.Name, " ") || name == "" // a row for zones whose names are not known
		if !z.Coverage.Complete() && namesZone(zone, &z.Zone) && (anything || providers.InZone(name, z.Zone.Name)) {
			out = append(out, z.Zone.Name)
		}
	}
	return out
}

// unreadClouds returns the incomplete clouds that could contain an instance, which may be written cloud/id.
func unreadClouds(v *dnsview.View, instance string) []string {
	var out []string
	for i := range v.Snapshot.Clouds {
		c := &v.Snapshot.Clouds[i]
		if strings.HasPrefix(instance, c.Cloud.Name+"/") {
			out = nil
			if !c.Coverage.Complete() {
				out = []string{c.Cloud.Name}
			}
			return out
		}
		if !c.Coverage.Complete() {
			out = append(out, c.Cloud.Name)
		}
	}
	return out
}
