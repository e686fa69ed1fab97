package common_test

import (
	"testing"

	"rollcall/dnsview"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

func TestSeveritiesDifferWithoutColour(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := theme.New(theme.Options{NoColor: true, ASCII: ascii})
		seen := map[string]dnsview.Severity{}
		for s := dnsview.Info; s <= dnsview.High; s++ {
			g, _ := common.SeverityGlyph(th, s)
			if other, ok := seen[g]; ok {
				t.Errorf("%s and %s share the glyph %q", s, other, g)
			}
			seen[g] = s
		}
	}
}
