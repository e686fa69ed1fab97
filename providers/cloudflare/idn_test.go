package cloudflare

import "testing"

func TestAZoneWithAnInternationalisedNameHasItsNameInPunycode(t *testing.T) {
	zone := wireZone{ID: "1", Name: "Bücher.example"}
	z, err := zone.decode()
	if err != nil || z.Name != "xn--bcher-kva.example" {
		t.Fatalf("%q, %v", z.Name, err)
	}
	for _, name := range []string{"www.xn--bcher-kva.example", "www.bücher.example"} {
		w := wireRecord{TTL: new(60.0), ID: "2", Name: name, Type: "A", Content: "192.0.2.1"}
		if r, err := w.decode(z.Name); err != nil || r.Name != "www.xn--bcher-kva.example" {
			t.Errorf("%s: %q, %v", name, r.Name, err)
		}
	}
	// A target in Unicode is the same name, and is written back as it was read.
	w := wireRecord{TTL: new(60.0), ID: "3", Name: "a.xn--bcher-kva.example", Type: "CNAME", Content: "www.bücher.example"}
	r, err := w.decode(z.Name)
	if err != nil || r.Value != "www.xn--bcher-kva.example" {
		t.Fatalf("%q, %v", r.Value, err)
	}
	if body, err := postBody(&r, z.Name); err != nil || body["content"] != "www.bücher.example" {
		t.Errorf("%v, %v", body, err)
	}
}
