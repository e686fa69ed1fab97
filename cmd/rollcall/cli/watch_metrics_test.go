package cli

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"rollcall/cmd/rollcall/watcher"
	"rollcall/providers/sim/world"
)

var metricsAt = regexp.MustCompile(`http://[0-9.:]+/metrics`)

// url is where the watch serves its metrics.
func (w *watch) url() string {
	w.t.Helper()
	until(w.t, "the address of the metrics", func() bool { return metricsAt.MatchString(w.err.String()) })
	return metricsAt.FindString(w.err.String())
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// scrape reads all metrics as Prometheus would.
func (w *watch) scrape() map[string]*dto.MetricFamily {
	w.t.Helper()
	_, body := get(w.t, w.url())
	return parsed(w.t, body)
}

// sum adds up the values of a family whose labels are as given: name, value, name, value.
func sum(f *dto.MetricFamily, labels ...string) float64 {
	total := 0.0
	for _, m := range f.GetMetric() {
		match := true
		for i := 0; i < len(labels); i += 2 {
			match = match && slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == labels[i] && l.GetValue() == labels[i+1] })
		}
		if match {
			total += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return total
}

func TestPrometheusIsServedWhatTheWatchSees(t *testing.T) {
	s := fastWorld(t)
	w := startWatch(t, watchFlags{Options: watcher.Options{Metrics: "127.0.0.1:0"}})
	until(t, "what is found to be counted, with every source read", func() bool {
		found := w.scrape()["rollcall_findings"]
		return sum(found, "class", "dead") == 6 && sum(found, "class", "dangling") == 3
	})
	resp, err := http.Get(w.url()) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if is := resp.Header.Get("Content-Type"); is != "text/plain; version=0.0.4" {
		t.Errorf("the metrics are %q", is)
	}
	m := w.scrape()
	for name, f := range m {
		if strings.HasPrefix(name, "rollcall_") && (f.GetHelp() == "" || f.GetType() == dto.MetricType_UNTYPED) {
			t.Errorf("%s has the help %q and the type %s", name, f.GetHelp(), f.GetType())
		}
	}
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"rollcall_findings", []string{"class", "dead", "zone", "scalability.expert", "severity", "high"}, 2},
		{"rollcall_findings", []string{"class", "dangling", "severity", "critical"}, 3},
		{"rollcall_source_coverage", []string{"state", "complete"}, 6},
		{"rollcall_source_coverage", []string{"source", "joyent-ams", "state", "failed"}, 0},
		{"rollcall_api_calls_total", []string{"result", "failed"}, 0},
		{"rollcall_build_info", nil, 1},
	} {
		if m[c.name] == nil {
			t.Fatalf("there is no %s", c.name)
		}
		if got := sum(m[c.name], c.labels...); got != c.want {
			t.Errorf("%s %v is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	for _, c := range []struct {
		name   string
		labels []string
	}{
		{"rollcall_source_age_seconds", []string{"source", "unilans.net"}},
		{"rollcall_source_rows", []string{"source", "aws-use1"}},
		{"rollcall_api_calls_total", []string{"source", "cloudflare", "result", "ok"}},
		{"rollcall_api_budget_left", []string{"source", "joyent-east"}},
		{"rollcall_refresh_duration_seconds", []string{"source", "joyent-ams"}},
		{"rollcall_scans_total", nil},
		{"rollcall_last_scan_timestamp_seconds", nil},
	} {
		if got := sum(m[c.name], c.labels...); !(got > 0) {
			t.Errorf("%s %v is %v", c.name, c.labels, got)
		}
	}
	until(t, "every name to be in sync", func() bool {
		m := w.scrape()
		return sum(m["rollcall_wire_names"], "state", "in sync") > 40 && sum(m["rollcall_wire_names"], "state", "waiting") == 0 && sum(m["rollcall_wire_zone"], "state", "in sync") == 2
	})
	health := strings.TrimSuffix(w.url(), "metrics") + "healthz"
	until(t, "the watch to be well", func() bool { code, body := get(t, health); return code == 200 && body == "ok\n" })

	for name, fault := range map[string]world.FaultKind{"joyent-ams": world.ServerError, "unilans.net": world.Throttle} {
		if err := s.World().SetFault(name, fault); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "both failures to show", func() bool {
		m := w.scrape()
		return sum(m["rollcall_source_coverage"], "source", "joyent-ams", "state", "failed") == 1 && sum(m["rollcall_api_throttles_total"], "source", "route53") > 0 &&
			sum(m["rollcall_api_calls_total"], "source", "joyent-ams", "result", "failed") > 0 && sum(m["rollcall_findings"], "class", "dead", "certain", "true") == 0 &&
			sum(m["rollcall_findings"], "class", "dead", "certain", "false") == 6
	})
	code, body := get(t, health)
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "joyent-ams: failed: ") || strings.Contains(body, "aws-use1") {
		t.Errorf("%d: %s", code, body)
	}
	if w.out.String() != "" {
		t.Errorf("lines beside the metrics: %s", w.out.String())
	}
}
