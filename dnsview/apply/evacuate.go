package apply

import (
	"time"
)

// evacuationWireWait limits how long an evacuation follows the name servers.
const evacuationWireWait = 2 * time.Minute

// wireWait returns how long to wait for the authoritative answers. An evacuation is done only when no server answers with
// its nodes any more.
func (r *run) wireWait() time.Duration {
	if r.plan.Evacuated != nil {
		return max(r.engine.o.WireWait, evacuationWireWait)
	}
	return r.engine.o.WireWait
}

// isEvacuated reports whether the plan evacuates the cloud with this name. It is not read for the guards, which do not
// need it (guard 12): it may take long to answer, or not answer at all.
func (r *run) isEvacuated(name string) bool {
	return r.plan.Evacuated != nil && r.plan.Evacuated.Cloud == name
}
