package app

import (
	"testing"

	"rollcall/dnsview/filter"
	"rollcall/providers/adapters"
)

func TestRowsOfEveryProviderCanBeFilteredFor(t *testing.T) {
	for _, d := range adapters.Declarations() {
		if _, err := filter.Parse("provider:" + string(d.Provider)); err != nil {
			t.Errorf("%s is an adapter, and not among the values of the filter's provider: %v", d.Provider, err)
		}
	}
}
