package cli

import (
	"os/exec"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"
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
