package awsfront

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/providers/sim/world"
)

// console asks for a console log and decodes it.
func (s *site) console(id string, params ...string) (text, stamp string, answered answer) {
	s.t.Helper()
	a := s.ec2("GetConsoleOutput", append([]string{"InstanceId", id}, params...)...)
	if m := regexp.MustCompile(`<timestamp>(.*)</timestamp>`).FindStringSubmatch(a.body); m != nil {
		stamp = m[1]
	}
	if m := regexp.MustCompile(`<output>(.*)</output>`).FindStringSubmatch(a.body); m != nil {
		b, err := base64.StdEncoding.DecodeString(m[1])
		if err != nil || len(b) == 0 {
			s.t.Errorf("output %q: %v", m[1], err)
		}
		text = string(b)
	}
	return text, stamp, a
}

func TestAConsoleLogIsInBase64WithTheTimeOfItsLastLine(t *testing.T) {
	s := newSite(t)
	i, err := s.w.Launch("aws-use1", world.Instance{Name: "n", Type: "t3.micro"})
	if err != nil {
		t.Fatal(err)
	}
	if text, stamp, a := s.console(i.ID, "Latest", "true"); text != "" || strings.Contains(a.body, "output") || stamp != "2026-09-21T14:13:20.000Z" {
		t.Errorf("before it runs: %q at %s in %s", text, stamp, a.body)
	}
	s.at = s.at.Add(time.Second)
	text, stamp, _ := s.console(i.ID, "Latest", "true")
	if !strings.Contains(text, "Linux version") || !strings.HasSuffix(text, "\r\n") || stamp < "2026-09-21T14:13:20" {
		t.Errorf("when it runs: %q at %s", text, stamp)
	}
	s.at = s.at.Add(50 * time.Minute)
	latest, after, _ := s.console(i.ID, "Latest", "true")
	if !strings.HasPrefix(latest, text) || len(latest) <= len(text) || after <= stamp {
		t.Errorf("later: %q at %s", latest, after)
	}
	// What EC2 has posted of itself ends shortly after the last change of state.
	if posted, _, _ := s.console(i.ID); posted != text {
		t.Errorf("posted: %q", posted)
	}
}

func TestOnlyNitroTypesHaveALatestConsoleLog(t *testing.T) {
	s := newSite(t)
	i, err := s.w.Launch("aws-use1", world.Instance{Name: "n", Type: "t2.micro"})
	if err != nil {
		t.Fatal(err)
	}
	s.at = s.at.Add(time.Minute)
	if _, _, a := s.console(i.ID, "Latest", "true"); a.status != 400 || a.code() != "UnsupportedOperation" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if text, _, a := s.console(i.ID); !strings.Contains(text, "Linux version") {
		t.Errorf("%s", a.body)
	}
	if _, _, a := s.console("i-0123456789abcdef0"); a.code() != "InvalidInstanceID.NotFound" {
		t.Errorf("%s", a.body)
	}
	if _, _, a := s.console(i.ID, "DryRun", "true"); a.code() != "DryRunOperation" {
		t.Errorf("%s", a.body)
	}
}
