package route53_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// BenchmarkAZoneOf5000RecordSetsWith40msPerPage reads a zone with adapters that have read nothing, but know the rows of
// an earlier run, and once without these rows: then the pages come one after the other.
func BenchmarkAZoneOf5000RecordSetsWith40msPerPage(b *testing.B) {
	s := simtest.Start(b, sim.Options{Requested: func(r *http.Request) {
		if strings.Contains(r.URL.Path, "/hostedzone/") {
			time.Sleep(40 * time.Millisecond)
		}
	}})
	z := s.World().Zones(providers.Route53)[0]
	if _, err := z.Update(func(tx *world.Tx) error {
		for i := range 5000 {
			tx.Put(&world.Set{Name: fmt.Sprintf("n%04d.%s", i, z.Name), Type: "A", TTL: 60, Values: address(i)})
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	e, zone := s.Endpoints(), providers.Zone{Name: z.Name, ID: z.ID}
	keys := &aws.Config{Region: e.AWSRegion, Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")}
	read := func(last []providers.Record) (rows []providers.Record, took time.Duration) {
		a, err := route53.New(route53.Config{Endpoint: e.AWS, AWS: keys, Budget: budget.New("bench", 10, 50)})
		if err != nil {
			b.Fatal(err)
		}
		if last != nil {
			a.ExpectRecords(zone, last)
		}
		began := time.Now()
		if cov := a.Records(b.Context(), zone, func(p []providers.Record) { rows = append(rows, p...) }); !cov.Complete() {
			b.Fatal(cov.Err)
		}
		return rows, time.Since(began)
	}
	last, alone := read(nil)
	var all time.Duration
	for b.Loop() {
		_, took := read(last)
		all += took
	}
	each := all / time.Duration(b.N)
	b.ReportMetric(float64(alone)/float64(each), "times-faster-than-one-after-the-other")
	b.ReportMetric(float64(each)/float64(80*time.Millisecond), "x-a-count-and-a-page")
}
