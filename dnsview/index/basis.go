package index

import (
	"time"

	"rollcall/providers"
)

// Basis is the coverage of one source that a finding rests on, as it was when
// the finding was made.
type Basis struct {
	Source string                  `json:"source"`
	State  providers.CoverageState `json:"state"`
	Age    time.Duration           `json:"age"`
	Err    string                  `json:"error,omitempty"`
}
