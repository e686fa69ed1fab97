package cloudflare

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
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
	// A page is rendered once, so that the adapter alone is measured.
	var pages sync.Map
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		page, known := pages.Load(r.URL.RequestURI())
		if !known {
			rec := httptest.NewRecorder()
			f.page(rec, r, f.records, f.perPage)
			page = rec.Body.Bytes()
			pages.Store(r.URL.RequestURI(), page)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(page.([]byte))
		return true
	}
	account := serveBench(b, f)
	b.ReportAllocs()
	for b.Loop() {
		a := account() // which has read nothing
		if cov := a.Records(b.Context(), zone(), func([]providers.Record) {}); !cov.Complete() || cov.Rows != 10_000 {
			b.Fatal(cov.Err)
		}
	}
}
