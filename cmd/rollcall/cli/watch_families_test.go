package cli

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"rollcall/cmd/rollcall/watcher"
)

// parsed reads families as Prometheus would.
func parsed(t rapid.TB, text string) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return families
}

func TestFamiliesAreWrittenInTheOrderOfTheirNamesEachWithItsHelpAndType(t *testing.T) {
	scans := watcher.CounterFamily("scans_total", "Scans made.")
	scans.Counter().Inc()
	rows := watcher.GaugeFamily("rows", "Rows of a source.", "source", "state")
	rows.Gauge("b", "x").Set(2.5)
	rows.Gauge("a", "y").Inc()
	rows.Gauge("a", "y").Inc()
	took := watcher.NewFamily("histogram", "took_seconds", "How long it took.", "source")
	for _, seconds := range []float64{.2, 3, 30} {
		took.Histogram([]float64{.5, 10}, "a").Update(seconds)
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
	for _, families := range [][]*watcher.Family{{scans, rows, took}, {took, scans, rows, watcher.GaugeFamily("empty", "Without samples.")}} {
		var page bytes.Buffer
		if watcher.WriteFamilies(&page, families); page.String() != want {
			t.Errorf("got\n%swant\n%s", page.String(), want)
		}
	}
}

func TestPrometheusReadsEveryLabelValueAsItIs(t *testing.T) {
	check := func(t rapid.TB, a, b string) {
		calls := watcher.CounterFamily("calls_total", "Calls.", "source", "result")
		calls.Counter(a, b).AddInt64(7)
		took := watcher.NewFamily("histogram", "took_seconds", "How long it took.", "source")
		took.Histogram([]float64{1}, a).Update(.5)
		var page bytes.Buffer
		watcher.WriteFamilies(&page, []*watcher.Family{calls, took})
		m := parsed(t, page.String())
		if n := sum(m["rollcall_calls_total"], "source", a, "result", b); n != 7 {
			t.Errorf("%q, %q: %v calls in\n%s", a, b, n, page.String())
		}
		if n := sum(m["rollcall_took_seconds"], "source", a); n != 1 {
			t.Errorf("%q: %v in the histogram in\n%s", a, n, page.String())
		}
	}
	for _, v := range []string{"", `back\slash`, `at the end\`, `"quoted"`, "two\nlines", `\n`, `\"`, `a="b",c="d"} 1`, "{", "}", "Zürich"} {
		check(t, v, v)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.String().Draw(t, "source"), rapid.StringOf(rapid.SampledFrom([]rune("\\\"\n{},=a"))).Draw(t, "result"))
	})
}

// Protobuf looks methods up by names that it computes, so the linker keeps every method of
// every type, all of EC2's among them: 82 MB instead of 34.
func TestTheProgramHasNoProtobuf(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "rollcall/providers/ec2\n") {
		t.Fatalf("this is not what rollcall is made of:\n%s", out)
	}
	for pkg := range strings.Lines(string(out)) {
		if strings.Contains(pkg, "protobuf") {
			t.Errorf("rollcall links %s", pkg)
		}
	}
}
