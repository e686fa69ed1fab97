package dnssd_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview/dnssd"
)

func TestTypesAreFoundInNamesAsTheParserFindsThem(t *testing.T) {
	labels := rapid.SampledFrom([]string{"web", "_http", "_tcp", "_udp", "_sub", "_services", "_dns-sd", `x\._tcp`, `\._tcp`, `a\\`, `_a\.b`, "example", "com"})
	rapid.Check(t, func(t *rapid.T) {
		var name string
		for i, l := range rapid.SliceOfN(labels, 1, 7).Draw(t, "labels") {
			if i > 0 {
				name += "."
			}
			name += l
		}
		n, err := dnssd.ParseName(name)
		if err != nil || slices.Contains([]string{"_sub", "_tcp", "_udp"}, n.Service) {
			return // or a service that bears the name of a part
		}
		typ, ok := dnssd.TypeOf(name)
		if want := n.Instance != ""; ok != want || want && typ != n.Type().Canonical() {
			t.Fatalf("%s is of the type %q, %v; its parts are %+v", name, typ, ok, n)
		}
		if want := n.Instance == "" && n.Subtype == "" && !n.Enumerates(); dnssd.IsType(name) != want {
			t.Fatalf("%s is a type: %v; its parts are %+v", name, !want, n)
		} else if want && dnssd.EnumerationOf(name) != dnssd.Enumeration(n.Domain).Canonical() {
			t.Fatalf("%s is listed in %s", name, dnssd.EnumerationOf(name))
		}
	})
}
