package adapters

import (
	"testing"

	"rollcall/providers"
)

func TestEveryProviderIsDeclaredOnceAndAKeyMeansOneThingInAllOfThem(t *testing.T) {
	seen, kinds := map[providers.Provider]bool{}, map[string]providers.KeyKind{}
	for _, a := range All() {
		if seen[a.Provider] || a.Provider == "" || !a.Computes && !a.ServesDNS || a.Open == nil {
			t.Errorf("the declaration of %q", a.Provider)
		}
		seen[a.Provider] = true
		for _, k := range a.Keys {
			if was, ok := kinds[k.Name]; ok && was != k.Kind {
				t.Errorf("%s of %s is a %s, and elsewhere a %s", k.Name, a.Provider, k.Kind, was)
			}
			kinds[k.Name] = k.Kind
			switch k.Name {
			case "name", "id", "provider", "production", "threshold", "from", "servers":
				t.Errorf("%s declares %s, which every entry has", a.Provider, k.Name)
			}
		}
	}
}
