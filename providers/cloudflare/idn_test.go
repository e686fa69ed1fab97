package cloudflare

import "testing"

func TestAZoneWithAnInternationalisedNameHasItsNameInPunycode(t *testing.T) {
	zone := wireZone{ID: "1", Name: "Bücher.example"}
	z, err := zone.decode()
	if err != nil || z.Name != "xn--bcher-kva.example" {
		t.Fatalf("%q, %v", z.Name, err)
	}
	for _, name := range []string{"www.xn--bcher-kva.example", "www.bücher.example"} {
		w := wireRecord{ID: "2", Name: name, Type: "A", Content: "192.0.2.1"}
		if r, err := w.decode(z.Name); err != nil || r.Name != "www.xn--bcher-kva.example" {
			t.Errorf("%s: %q, %v", name, r.Name, err)
		}
	}
}
