package watcher

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

// family is one metric: its name, its description, and its samples by label values. The samples are in a set of their
// own, which writes them in order. The library writes HELP and TYPE only for the whole process, and HELP without text,
// so a family writes its own.
type family struct {
	kind, name, help string
	labels           []string
	samples          *metrics.Set
}

func newFamily(kind, name, help string, labels ...string) *family {
	return &family{kind: kind, name: "rollcall_" + name, help: help, labels: labels, samples: metrics.NewSet()}
}

func counterFamily(name, help string, labels ...string) *family {
	return newFamily("counter", name, help, labels...)
}

func gaugeFamily(name, help string, labels ...string) *family {
	return newFamily("gauge", name, help, labels...)
}

func (f *family) counter(values ...string) *metrics.Counter {
	return f.samples.GetOrCreateCounter(f.sample(values))
}

func (f *family) gauge(values ...string) *metrics.Gauge {
	return f.samples.GetOrCreateGauge(f.sample(values), nil)
}

func (f *family) histogram(buckets []float64, values ...string) *metrics.PrometheusHistogram {
	return f.samples.GetOrCreatePrometheusHistogramExt(f.sample(values), buckets)
}

// sample returns the name of the sample with these label values in Prometheus syntax.
func (f *family) sample(values []string) string {
	if len(values) != len(f.labels) {
		panic(fmt.Sprintf("%s has the labels %q and is given the values %q", f.name, f.labels, values))
	}
	if len(values) == 0 {
		return f.name
	}
	escapes := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	pairs := make([]string, len(values))
	for i, v := range values {
		pairs[i] = f.labels[i] + `="` + escapes.Replace(v) + `"`
	}
	return f.name + "{" + strings.Join(pairs, ",") + "}"
}

// writeFamilies writes families sorted by name, without those that have no samples.
func writeFamilies(w io.Writer, families []*family) {
	slices.SortFunc(families, func(a, b *family) int { return strings.Compare(a.name, b.name) })
	for _, f := range families {
		if len(f.samples.ListMetricNames()) > 0 {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
			f.samples.WritePrometheus(w)
		}
	}
}
