package watcher

import (
	"bytes"
	"maps"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"
)

func TestFamiliesAreWrittenInTheOrderOfTheirNamesEachWithItsHelpAndType(t *testing.T) {
	scans := counterFamily("scans_total", "Scans made.")
	scans.counter().Inc()
	rows := gaugeFamily("rows", "Rows of a source.", "source", "state")
	rows.gauge("b", "x").Set(2.5)
	rows.gauge("a", "y").Inc()
	rows.gauge("a", "y").Inc()
	took := newFamily("histogram", "took_seconds", "How long it took.", "source")
	for _, seconds := range []float64{.2, 3, 30} {
		took.histogram([]float64{.5, 10}, "a").Update(seconds)
	}
	want := `# HELP rollcall_rows Rows of a source.
# TYPE rollcall_rows gauge
rollcall_rows{source="a",state="y"} 2
rollcall_rows{source="b",state="x"} 2.5
# HELP rollcall_scans_total Scans made.
# TYPE rollcall_scans_total counter
rollcall_scans_total 1
# HELP rollcall_took_seconds How long it took.
# TYPE rollcall_took_seconds histogram
rollcall_took_seconds_bucket{source="a",le="0.5"} 1
rollcall_took_seconds_bucket{source="a",le="10"} 2
rollcall_took_seconds_bucket{source="a",le="+Inf"} 3
rollcall_took_seconds_sum{source="a"} 33.2
rollcall_took_seconds_count{source="a"} 3
`
	for _, families := range [][]*family{{scans, rows, took}, {took, scans, rows, gaugeFamily("empty", "Without samples.")}} {
		var page bytes.Buffer
		if writeFamilies(&page, families); page.String() != want {
			t.Errorf("got\n%swant\n%s", page.String(), want)
		}
	}
}

func TestPrometheusReadsEveryLabelValueAsItIs(t *testing.T) {
	check := func(t rapid.TB, a, b string) {
		calls := counterFamily("calls_total", "Calls.", "source", "result")
		calls.counter(a, b).AddInt64(7)
		took := newFamily("histogram", "took_seconds", "How long it took.", "source")
		took.histogram([]float64{1}, a).Update(.5)
		var page bytes.Buffer
		writeFamilies(&page, []*family{calls, took})
		p := expfmt.NewTextParser(model.UTF8Validation)
		m, err := p.TextToMetricFamilies(&page)
		if err != nil {
			t.Fatal(err)
		}
		if got := m["rollcall_calls_total"].GetMetric(); len(got) != 1 || got[0].GetCounter().GetValue() != 7 || !labelled(got[0], "source", a, "result", b) {
			t.Errorf("%q, %q: %v", a, b, got)
		}
		if got := m["rollcall_took_seconds"].GetMetric(); len(got) != 1 || got[0].GetHistogram().GetSampleCount() != 1 || !labelled(got[0], "source", a) {
			t.Errorf("%q: %v in the histogram", a, got)
		}
	}
	for _, v := range []string{"", `back\slash`, `at the end\`, `"quoted"`, "two\nlines", `\n`, `\"`, `a="b",c="d"} 1`, "{", "}", "Zürich"} {
		check(t, v, v)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.String().Draw(t, "source"), rapid.StringOf(rapid.SampledFrom([]rune("\\\"\n{},=a"))).Draw(t, "result"))
	})
}

// labelled reports whether a sample has these labels, and no others.
func labelled(m *dto.Metric, pairs ...string) bool {
	got := map[string]string{}
	for _, l := range m.GetLabel() {
		got[l.GetName()] = l.GetValue()
	}
	want := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	return maps.Equal(got, want)
}
