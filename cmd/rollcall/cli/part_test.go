package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEverythingThatIsTriedInPartWithTheRaceDetectorIsTriedWithoutIt(t *testing.T) {
	text, err := os.ReadFile("../../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^MANY_CLI := (.*)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("the Makefile does not say which tests of commands run without the race detector")
	}
	without := regexp.MustCompile(string(line[1]))
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range strings.Split(string(source), "\nfunc ")[1:] {
			test, _, _ := strings.Cut(f, "(")
			if !strings.Contains(f, "providertest."+"InPart(") && !strings.Contains(f, "range "+"crowd") {
				continue
			}
			if found++; !without.MatchString(test) {
				t.Errorf("%s: make test runs %s in part only", name, test)
			}
		}
	}
	if found == 0 {
		t.Error("no test runs in part")
	}
}
