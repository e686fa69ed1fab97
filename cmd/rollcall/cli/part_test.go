package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inPart fits a test that tries more without the race detector than with it.
var inPart = regexp.MustCompile(`providertest[.](InPart|Amount)[(]|range crowd\b`)

func TestEverythingThatIsTriedInPartWithTheRaceDetectorIsTriedWithoutIt(t *testing.T) {
	text, err := os.ReadFile("../../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for folder, variable := range map[string]string{".": "MANY_CLI", "../../../userdata": "MANY_DATA"} {
		line := regexp.MustCompile(`(?m)^` + variable + ` +:= (.*)$`).FindSubmatch(text)
		if line == nil {
			t.Fatalf("the Makefile does not say which tests of %s run without the race detector", folder)
		}
		without := regexp.MustCompile(string(line[1]))
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
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
				if !inPart.MatchString(f) {
					continue
				}
				if found++; !without.MatchString(test) {
					t.Errorf("%s: make test runs %s in part only", name, test)
				}
			}
		}
		if found == 0 {
			t.Errorf("no test of %s runs in part", folder)
		}
	}
}
