package cli

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
)

func TestALaunchThatWaitsInAnEvacuatedCloudEndsOnceTheNodeRunsAndSaysByWhomItIsKeptOut(t *testing.T) {
	newWorld(t)
	must(t, "evacuate", "aws-euw1", "--confirm", typedFor(t, "aws-euw1"))
	says := regexp.MustCompile(`aws-euw1 is evacuated by ` + regexp.QuoteMeta(app.Who()) + ` since \d\d:\d\d: the node stays out of DNS until rollcall return --cloud aws-euw1`)
	began := time.Now()
	r := rollcall(t, "launch", "--cloud", "aws-euw1,aws-use1", "--service", theWWW, "--wait", "--yes", "-o", "json")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
	if r.code != exit.Failed {
		t.Fatalf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	for _, n := range decode[launchRow](t, r.out).Nodes {
		switch n.Cloud {
		case "aws-euw1":
			if n.Stage != "running" || !says.MatchString(n.Message) || !strings.Contains(r.err, "rollcall register "+n.ID) {
				t.Errorf("%+v\n%s", n, r.err)
			}
		default:
			if n.Stage != "registered" {
				t.Errorf("%+v", n)
			}
		}
	}
	if strings.Contains(r.err, "carries on") {
		t.Errorf("it says that the same command goes on: %s", r.err)
	}
}

func TestALaunchInACloudThatIsEvacuatedFromAnotherServiceWaitsAsUsual(t *testing.T) {
	newWorld(t)
	v1 := "v1." + theService
	if r := rollcall(t, "evacuate", "aws-euw1", "--service", v1); r.code == exit.Usage {
		t.Fatal(r.err)
	}
	must(t, "launch", "--cloud", "aws-euw1", "--service", theWWW, "--wait", "--yes")
}
