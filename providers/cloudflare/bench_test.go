package cloudflare

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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
	// The pages are rendered once, so that the adapter alone is measured.
	pages := map[string][]byte{}
	for _, n := range []string{"1", "2"} {
		rec := httptest.NewRecorder()
		f.page(rec, httptest.NewRequest(http.MethodGet, "/?per_page=5000&page="+n, nil), f.records, 5000)
		pages[n] = rec.Body.Bytes()
	}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(pages[r.URL.Query().Get("page")])
		return true
	}
	a := serveBench(b, f)
	b.ReportAllocs()
	for b.Loop() {
		if cov := a.Records(b.Context(), zone(), func([]providers.Record) {}); !cov.Complete() || cov.Rows != 10_000 {
			b.Fatal(cov.Err)
		}
	}
}
