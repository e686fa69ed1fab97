package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// recordRef names a record in the form of the command line.
type recordRef struct{ Zone, Name, Type, Value string }

// splitRecord parses a RECORD, as dnsview.SplitRecord does.
func splitRecord(s string) (recordRef, error) {
	head, _, _ := strings.Cut(s, "/")
	if _, err := index.ALabels(head); err != nil {
		return recordRef{}, exit.Usagef("%s", words.Clean(err.Error()))
	}
	zone, name, typ, value, ok := dnsview.SplitRecord(s)
	switch {
	case !ok:
		return recordRef{}, exit.Usagef("%q is no record: write [zone:]name/type/value, such as www.example.com/A/192.0.2.1", words.Clean(s))
	case value == "":
		return recordRef{}, exit.Usagef("%q has no value: write [zone:]name/type/value", words.Clean(s))
	}
	return recordRef{Zone: zone, Name: name, Type: typ, Value: value}, nil
}

// findRecords returns the records that arguments name. A value in two record sets of Route 53 needs the set identifier,
// as name/type/value#set-id; without it neither of them is named.
func findRecords(v *dnsview.View, args []string) ([]providers.Identity, error) {
	var out []providers.Identity
	for _, arg := range args {
		want, err := splitRecord(arg)
		if err != nil {
			return nil, err
		}
		var found []*providers.Record
		var zones, near []string
		for z := range v.Snapshot.Zones {
			for i := range v.Snapshot.Zones[z].Records {
				r := &v.Snapshot.Zones[z].Records[i]
				if r.Name != want.Name || r.Type != want.Type || !namesZone(want.Zone, &v.Snapshot.Zones[z].Zone) {
					continue
				}
				if !dnsview.NamesValue(want.Value, r) {
					near = append(near, v.ValueName(r))
					continue
				}
				found = append(found, r)
				if !slices.Contains(zones, r.Zone) {
					zones = append(zones, r.Zone)
				}
			}
		}
		switch {
		case len(found) == 0:
			return nil, notFound("record "+words.Clean(arg), recordHint(v, want, near), unreadZones(v, want.Zone, want.Name))
		case len(zones) > 1:
			return nil, exit.Usagef("%s is in the zones %s: write the zone before it, such as %s:%s", words.Clean(arg), strings.Join(zones, " and "), zones[0], words.Clean(arg))
		}
		if sets := setsOf(v, found); len(sets) > 1 {
			return nil, exit.Usagef("%s is in %d record sets: write one of %s", words.Clean(arg), len(sets), words.Clean(strings.Join(sets, ", ")))
		}
		for _, r := range found {
			out = append(out, r.Identity())
		}
	}
	return out, nil
}

// namesZone reports whether want is the zone's name or id, or empty.
func namesZone(want string, z *providers.Zone) bool {
	return want == "" || want == z.Name || z.ID != "" && strings.EqualFold(want, z.ID)
}

// setsOf returns a reference to one record of each record set that has one of the records.
func setsOf(v *dnsview.View, found []*providers.Record) []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range found {
		if !seen[r.SetID] {
			seen[r.SetID] = true
			names = append(names, v.RecordName(r))
		}
	}
	return names
}

// recordHint returns a hint for a record that is not there: its name's other values, or else the zone or the name that is most
// like its own.
func recordHint(v *dnsview.View, want recordRef, near []string) string {
	const see = "see rollcall ls records"
	var zones, names []string
	for i := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[i]
		if zones = append(zones, z.Zone.Name); namesZone(want.Zone, &z.Zone) {
			for k := range z.Records {
				names = append(names, z.Records[k].Name)
			}
		}
	}
	switch {
	case len(near) == 0 && len(names) == 0 && want.Zone != "":
		return nearestTo(want.Zone, zones, "see rollcall ls sources")
	case len(near) == 0:
		return nearestTo(want.Name, names, see)
	case len(near) > 3:
		return fmt.Sprintf("the name has %d other values: %s", len(near), see)
	}
	return "the name has " + words.Clean(strings.Join(near, ", "))
}

// findInstances returns the instances that arguments name: by id, by cloud/id, or by a name that only one instance has.
func findInstances(v *dnsview.View, args []string) ([]providers.InstanceRef, error) {
	var out []providers.InstanceRef
	for _, arg := range args {
		var found, dead []*providers.Instance
		for c := range v.Snapshot.Clouds {
			for i := range v.Snapshot.Clouds[c].Instances {
				inst := &v.Snapshot.Clouds[c].Instances[i]
				if inst.ID != arg && inst.Name != arg && inst.Cloud+"/"+inst.ID != arg && inst.Cloud+"/"+inst.Name != arg {
					continue
				}
				if inst.State.Dead() && inst.ID != arg && inst.Cloud+"/"+inst.ID != arg {
					dead = append(dead, inst)
					continue
				}
				found = append(found, inst)
			}
		}
		switch {
		case len(found) == 1:
			if ref := found[0].Ref(); !slices.Contains(out, ref) {
				out = append(out, ref)
			}
		case len(found) > 1:
			var ids []string
			for _, i := range found {
				ids = append(ids, i.Cloud+"/"+i.ID)
			}
			return nil, exit.Usagef("%q names %d instances: write one of %s", words.Clean(arg), len(found), words.Clean(strings.Join(ids, ", ")))
		case len(dead) > 0:
			return nil, fmt.Errorf("%s is terminated already (%s)", words.Clean(arg), words.Clean(dead[0].ID))
		default:
			return nil, notFound("instance "+words.Clean(arg), nearestTo(arg, instanceWords(v, arg), "see rollcall ls instances"), unreadClouds(v, arg))
		}
	}
	return out, nil
}

// isRecord reports whether an argument has the form of a RECORD.
func isRecord(arg string) bool {
	_, err := splitRecord(arg)
	return err == nil
}

// oneKind requires at least one argument, and instances or records but not both.
func oneKind(what string) cobra.PositionalArgs {
	some := atLeastOne(what)
	return func(cmd *cobra.Command, args []string) error {
		if err := some(cmd, args); err != nil {
			return err
		}
		for _, arg := range args[1:] {
			if isRecord(arg) != isRecord(args[0]) {
				return exit.Usagef("%s takes instances or records, and got %q beside %q", cmd.CommandPath(), words.Clean(arg), words.Clean(args[0]))
			}
		}
		return nil
	}
}

// instanceWords returns what instances that were not terminated are named by: their ids if the word is like one, else their
// names.
func instanceWords(v *dnsview.View, word string) (out []string) {
	ids := strings.HasPrefix(word, "i-") || strings.Count(word, "-") == 4
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			switch inst := &v.Snapshot.Clouds[c].Instances[i]; {
			case inst.State.Dead():
			case ids:
				out = append(out, inst.ID)
			default:
				out = append(out, inst.Name)
			}
		}
	}
	return out
}
