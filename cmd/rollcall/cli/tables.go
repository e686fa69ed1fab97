package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
)

// The tables of rollcall ls.

func instanceListing(now time.Time) *listing[instanceRow] {
	type row = instanceRow
	return &listing[row]{
		id: func(r *row) string { return r.Cloud + "/" + r.ID },
		columns: []column[row]{
			{name: "CLOUD", text: func(r *row) string { return r.Cloud }},
			{name: "NAME", text: func(r *row) string { return r.Name }},
			{name: "ID", text: func(r *row) string { return r.ID }},
			{name: "STATE", text: func(r *row) string { return r.State }},
			{name: "ADDRESS", text: func(r *row) string { return strings.Join(r.PublicIPs, ",") }},
			{name: "AGE", text: func(r *row) string { return age(r.Launched, now) }, key: func(r *row) string { return ageKey(r.Launched, now) }},
			{name: "SERVICE", text: func(r *row) string { return r.Service }},
			{name: "DNS", text: func(r *row) string { return strconv.Itoa(len(r.Records)) }},
			{name: "FINDINGS", text: func(r *row) string { return strings.Join(r.Findings, ",") }},
			{name: "PROVIDER", wide: true, text: func(r *row) string { return r.Provider }},
			{name: "REGION", wide: true, text: func(r *row) string { return r.Region }},
			{name: "TYPE", wide: true, text: func(r *row) string { return r.Type }},
			{name: "IMAGE", wide: true, text: func(r *row) string { return r.Image }},
			{name: "PRIVATE", wide: true, text: func(r *row) string { return strings.Join(r.PrivateIPs, ",") }},
			{name: "LAUNCHED", wide: true, text: func(r *row) string { return stamp(r.Launched) }},
			{name: "TAGS", wide: true, text: func(r *row) string { return pairs(r.Tags) }},
			{name: "REASON", wide: true, text: func(r *row) string { return r.Reason }},
		},
	}
}

func recordListing(wire bool) *listing[recordRow] {
	type row = recordRow
	l := &listing[row]{
		id: func(r *row) string { return r.named },
		columns: []column[row]{
			{name: "ZONE", text: func(r *row) string { return dnsview.Readable(r.Zone) }},
			{name: "NAME", text: func(r *row) string { return dnsview.Readable(r.Name) }},
			{name: "TYPE", text: func(r *row) string { return r.Type }},
			{name: "TTL", text: func(r *row) string {
				if r.AutoTTL {
					return "auto"
				}
				return strconv.Itoa(int(r.TTL))
			}, key: func(r *row) string { return strconv.Itoa(int(r.TTL)) }},
			{name: "VALUE", text: func(r *row) string { return dnsview.ReadableValue(r.Type, r.Value) }},
			{name: "NODE", text: nodeOf},
			{name: "FINDINGS", text: func(r *row) string { return strings.Join(r.Findings, ",") }},
			{name: "PROVIDER", wide: true, text: func(r *row) string { return r.Provider }},
			{name: "PROXIED", wide: true, text: func(r *row) string { return strconv.FormatBool(r.Proxied) }},
			{name: "SERVICE", wide: true, text: func(r *row) string { return dnsview.Readable(r.Service) }},
			{name: "OWNER", wide: true, text: func(r *row) string {
				if r.Owner == nil {
					return ""
				}
				return r.Owner.Cloud + "/" + r.Owner.Instance
			}},
			{name: "COMMENT", wide: true, text: func(r *row) string { return r.Comment }},
			{name: "SET", wide: true, text: func(r *row) string { return r.SetID }},
			{name: "WEIGHT", wide: true, text: func(r *row) string {
				if r.Weight == nil {
					return ""
				}
				return strconv.FormatInt(*r.Weight, 10)
			}},
		},
	}
	if wire {
		l.columns = slices.Insert(l.columns, 6, column[row]{name: "WIRE", text: func(r *row) string { return r.Wire.String() }})
	}
	return l
}

func nodeOf(r *recordRow) string {
	switch {
	case r.Instance != nil && r.Instance.Name != "":
		return r.Instance.Name
	case r.Instance != nil:
		return r.Instance.ID
	case r.Owner != nil:
		return r.Owner.Instance
	}
	return ""
}

func findingListing() *listing[findingRow] {
	type row = findingRow
	return &listing[row]{
		id: func(r *row) string { return r.Class + " " + about(r) },
		columns: []column[row]{
			{name: "SEVERITY", text: func(r *row) string { return r.Severity }, key: func(r *row) string {
				return strconv.Itoa(slices.Index([]string{"critical", "high", "medium", "low", "info"}, r.Severity))
			}},
			{name: "CLASS", text: func(r *row) string { return r.Class }},
			{name: "ABOUT", text: func(r *row) string { return dnsview.Readable(about(r)) }},
			{name: "REMEDY", text: func(r *row) string { return r.Remedy }},
			{name: "REASON", text: func(r *row) string { return dnsview.Readable(r.Reason) }},
			{name: "ADVICE", wide: true, text: func(r *row) string { return r.Advice }},
			{name: "CLOUD", wide: true, text: func(r *row) string { return r.Cloud }},
			{name: "ZONE", wide: true, text: func(r *row) string { return dnsview.Readable(r.Zone) }},
			{name: "SERVICE", wide: true, text: func(r *row) string { return dnsview.Readable(r.Service) }},
		},
	}
}

// about says what a finding is about: a record, else an instance, else more.
func about(r *findingRow) string {
	switch {
	case r.Record != nil:
		return r.Record.named
	case r.Instance != nil:
		return r.Instance.Cloud + "/" + r.Instance.ID
	}
	return cmp.Or(r.Name, r.Service, r.Zone, r.Cloud)
}

func sourceListing(wire bool) *listing[sourceRow] {
	type row = sourceRow
	l := &listing[row]{
		id: func(r *row) string { return r.Name },
		columns: []column[row]{
			{name: "NAME", text: func(r *row) string { return dnsview.Readable(r.Name) }},
			{name: "KIND", text: func(r *row) string { return r.Kind }},
			{name: "PROVIDER", text: func(r *row) string { return r.Provider }},
			{name: "STATE", text: func(r *row) string { return r.State }},
			{name: "ROWS", text: func(r *row) string { return strconv.Itoa(r.Rows) }},
			{name: "AGE", text: func(r *row) string {
				if r.AgeSeconds == nil {
					return ""
				}
				return words.Short(time.Duration(*r.AgeSeconds * float64(time.Second)))
			}, key: func(r *row) string {
				if r.AgeSeconds == nil {
					return ""
				}
				return strconv.Itoa(int(*r.AgeSeconds))
			}},
			{name: "BUDGET", wide: true, text: func(r *row) string {
				if r.BudgetLeft == nil {
					return ""
				}
				return strconv.Itoa(*r.BudgetLeft)
			}},
			{name: "ACCOUNT", wide: true, text: func(r *row) string { return r.Account }},
			{name: "KEY", wide: true, text: func(r *row) string { return r.Key }},
			{name: "ERROR", text: func(r *row) string {
				if r.Error == nil {
					return ""
				}
				return *r.Error
			}},
		},
	}
	if wire {
		l.columns = slices.Insert(l.columns, 6, column[row]{name: "WIRE", text: func(r *row) string { return r.Wire.String() }})
	}
	return l
}

func age(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	return words.Short(now.Sub(*t))
}

func ageKey(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(max(0, int64(now.Sub(*t)/time.Second)), 10)
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s=%s", k, m[k]))
	}
	return strings.Join(out, ",")
}
