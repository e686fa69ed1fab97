package providers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FailDuplicates marks sources as failed that turn out to be the same: configured clouds with one cloud key, and zones
// with one id. Their rows would count twice, and the source that one of them was meant to be was never read.
func FailDuplicates(s *Snapshot) {
	clouds := map[string][]int{}
	for i := range s.Clouds {
		if c := &s.Clouds[i]; c.Coverage.Key != "" && !c.Unconfigured {
			clouds[string(c.Coverage.Key)] = append(clouds[string(c.Coverage.Key)], i)
		}
	}
	failDuplicates(clouds, func(i int) (string, *Coverage) { return s.Clouds[i].Cloud.Name, &s.Clouds[i].Coverage }, func(i int) string {
		c := &s.Clouds[i]
		return fmt.Sprintf("are one cloud (account %s, key %s): one of them has the credentials, the region or the endpoint of the other", c.Coverage.Account, c.Coverage.Key)
	})
	zones := map[string][]int{}
	for i := range s.Zones {
		if z := &s.Zones[i]; z.Zone.ID != "" && (z.Coverage.State == CoverageComplete || z.Coverage.State == CoveragePartial) {
			k := string(z.Zone.Provider) + " " + z.Zone.ID
			zones[k] = append(zones[k], i)
		}
	}
	failDuplicates(zones, func(i int) (string, *Coverage) { return s.Zones[i].Zone.Name, &s.Zones[i].Coverage }, func(i int) string {
		return fmt.Sprintf("are one zone (%s %s): name it once in the config", s.Zones[i].Zone.Provider, s.Zones[i].Zone.ID)
	})
}

func failDuplicates(groups map[string][]int, source func(int) (string, *Coverage), why func(int) string) {
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		var names []string
		for _, i := range g {
			name, _ := source(i)
			names = append(names, name)
		}
		slices.Sort(names)
		err := fmt.Errorf("%s %s", strings.Join(names, " and "), why(g[0]))
		for _, i := range g {
			_, c := source(i)
			c.State, c.Err = CoverageFailed, err
		}
	}
}

// MarkedClouds returns the sorted cloud keys in the markers of a fleet among records. Hosts that were registered by hand
// belong to no cloud.
func MarkedClouds(fleet string, records []Record) []CloudKey {
	if fleet == "" {
		return nil
	}
	seen := map[CloudKey]bool{}
	add := func(o Owner) {
		if o.Fleet == fleet && !o.Host() && !o.Evacuates() {
			seen[o.Cloud] = true
		}
	}
	for i := range records {
		for _, o := range records[i].Owners {
			add(o)
		}
		if !records[i].IsMarker() {
			continue
		}
		if parts, ok := ParseTXT(records[i].Value); ok {
			if o, err := DecodeOwner(strings.Join(parts, "")); err == nil {
				add(o)
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// UnconfiguredClouds returns the clouds that left the config but still count, as failed sources: clouds of the last snapshot with
// rows or with markers that name them (with their rows), and clouds known only by the key in a marker. Removing a cloud
// from the config does not make its nodes dead; forgetting it is a separate decision.
//
// clouds are the configured clouds as just read, last those of the previous snapshot, named the keys in this fleet's
// markers, and forgotten the keys that no longer count. A cloud is left out while a configured cloud that has not
// identified itself yet may be the same one; that source is itself incomplete. The result is sorted and shares rows
// with last.
func UnconfiguredClouds(clouds, last []CloudView, named, forgotten []CloudKey) []CloudView {
	known := map[CloudKey]bool{}
	names := map[string]bool{}
	var unsaid []Cloud
	for i := range clouds {
		c := &clouds[i]
		known[c.Cloud.Key], known[c.Coverage.Key] = true, true
		names[c.Cloud.Name] = true
		if c.Cloud.Key == "" && c.Coverage.Key == "" {
			unsaid = append(unsaid, c.Cloud)
		}
	}
	for _, k := range forgotten {
		known[k] = true
	}
	var out []CloudView
	for i := range last {
		v := last[i]
		key := v.Cloud.Key
		maybe := slices.ContainsFunc(unsaid, func(c Cloud) bool {
			return c.Provider == v.Cloud.Provider && (c.Name == v.Cloud.Name || c.Region == v.Cloud.Region)
		})
		counts := v.Unconfigured || len(v.Instances)+len(v.Addresses) > 0 || slices.Contains(named, key)
		if key == "" || known[key] || maybe || !counts {
			continue
		}
		if v.Unconfigured { // from a snapshot of this run, where it had left the config already
			known[key] = true
			out = append(out, v)
			continue
		}
		known[key] = true
		why := fmt.Errorf("it is no longer in the config, and its nodes and addresses count until it is there again, or until rollcall config forget %s", v.Cloud.Name)
		if name := v.Cloud.Name; names[name] {
			why = fmt.Errorf("%s answers as another account now, and the nodes and addresses of the one that it was before count: correct the credentials of %s, or add that account to the config under another name", name, name)
			v.Cloud.Name += "-" + string(key)
			v.Instances = slices.Clone(v.Instances)
			for n := range v.Instances {
				v.Instances[n].Cloud = v.Cloud.Name
			}
		}
		v.Coverage = Failed(v.RowsFrom, v.RowsFrom, why)
		out = append(out, CloudView{
			Cloud: v.Cloud, Production: v.Production, Unconfigured: true, Coverage: v.Coverage,
			Instances: v.Instances, Addresses: v.Addresses, RowsFrom: v.RowsFrom, BudgetLeft: -1,
		})
	}
	for _, key := range named {
		if known[key] || len(unsaid) > 0 {
			continue
		}
		known[key] = true
		out = append(out, CloudView{
			Cloud: Cloud{Name: string(key), Key: key}, Unconfigured: true, BudgetLeft: -1,
			Coverage: Coverage{State: CoverageFailed, Expected: -1, Err: fmt.Errorf("markers of this fleet name a cloud with this key, and none in the config has it: add it, or rollcall config forget %s", key)},
		})
	}
	slices.SortFunc(out, func(a, b CloudView) int { return strings.Compare(a.Cloud.Name, b.Cloud.Name) })
	return out
}
