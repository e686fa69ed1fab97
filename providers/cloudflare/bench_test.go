package cloudflare

import (
	"fmt"
	"testing"

	"rollcall/providers"
)

// BenchmarkRecords reads a zone of 10,000 owned records in two pages over loopback.
func BenchmarkRecords(b *testing.B) {
	f := &fake{perPage: 5000}
	o, err := owner("i-0ab").Encode()
	if err != nil {
		b.Fatal(err)
	}
	for i := range 10_000 {
		f.a("www", fmt.Sprintf("54.%d.%d.1", i/250, i%250), object{"comment": o})
	}
	a := serveBench(b, f)
	b.ReportAllocs()
	for b.Loop() {
		if cov := a.Records(b.Context(), zone(), func([]providers.Record) {}); !cov.Complete() || cov.Rows != 10_000 {
			b.Fatal(cov.Err)
		}
	}
}
