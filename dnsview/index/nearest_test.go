package index

import "testing"

func TestTheNearestIsOneOfWhichAThirdDiffersAtMost(t *testing.T) {
	known := []string{"running", "stopped", "ls", "drift", "aws-use1", "Überblick", "xn--bcher-kva.example"}
	for word, want := range map[string]string{
		"runing": "running", "unning!": "running", "rnunign": "running", "STOPED": "stopped", "l": "ls", "sl": "ls", "dirft": "drift", "aws-usx": "aws-use1", "überblik": "Überblick",
		"buecher.example": "xn--bcher-kva.example", "bucher.example": "xn--bcher-kva.example",
		"xyzzy": "", "": "", "xx": "", "joyent-east": "", "aws": "", "nonsense": "", "terminated": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
