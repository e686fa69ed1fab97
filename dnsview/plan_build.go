package dnsview

import (
	"rollcall/providers"
)

// PlanDeregister plans the removal of dead and dangling entries. What is not
// dead is left alone, and Skipped says why.
func PlanDeregister(v *View, records ...providers.Identity) Plan { return Plan{Verb: VerbDeregister} }

// PlanDeregisterDead plans the removal of every dead and dangling entry.
func PlanDeregisterDead(v *View) Plan { return Plan{Verb: VerbDeregister} }

// PlanRegister plans the records that nodes lack, in every declared service
// that selects them. With a service name, in that service only, whether it selects them or not.
func PlanRegister(v *View, service string, instances ...providers.InstanceRef) Plan {
	return Plan{Verb: VerbRegister}
}

// PlanQuiesce plans to take nodes out of DNS and leave them running.
func PlanQuiesce(v *View, instances ...providers.InstanceRef) Plan { return Plan{Verb: VerbQuiesce} }

// PlanQuiesceRecords plans to take single records of nodes out of DNS.
func PlanQuiesceRecords(v *View, records ...providers.Identity) Plan {
	return Plan{Verb: VerbQuiesce}
}

// PlanReturn plans to put quiesced nodes back into DNS.
func PlanReturn(v *View, instances ...providers.InstanceRef) Plan { return Plan{Verb: VerbReturn} }

// PlanDrain plans to take nodes out of DNS, to wait until no resolver can
// still hold their addresses, and to terminate them.
func PlanDrain(v *View, instances ...providers.InstanceRef) Plan { return Plan{Verb: VerbDrain} }

// PlanRetarget plans to give entries whose address belongs to somebody else now
// a value and an owner that agree again. It never deletes.
func PlanRetarget(v *View, records ...providers.Identity) Plan { return Plan{Verb: VerbRetarget} }

// PlanRetargetTo plans to point one entry at an address of the instance given, and to make that its owner.
func PlanRetargetTo(v *View, record providers.Identity, to providers.InstanceRef) Plan {
	return Plan{Verb: VerbRetarget}
}

// PlanUpdate plans to give moved entries the address that their instance has now.
func PlanUpdate(v *View, records ...providers.Identity) Plan { return Plan{Verb: VerbUpdate} }

// PlanAdopt plans to write owner markers for records that hold our addresses and have none.
func PlanAdopt(v *View, records ...providers.Identity) Plan { return Plan{Verb: VerbAdopt} }

// PlanPower plans to start, stop, reboot or terminate instances, without touching DNS.
func PlanPower(v *View, action PowerAction, instances ...providers.InstanceRef) Plan {
	return Plan{Verb: VerbPower}
}

// PlanRemedy plans the remedies of findings. All must have the same remedy;
// those with another are skipped and say so.
func PlanRemedy(v *View, findings ...*Finding) Plan { return Plan{} }

// Done is one step that was carried out, as the journal knows it: what an undo is made from.
type Done struct {
	Entry    string // id of the journal entry
	Sentence string
	Zone     string
	Change   *providers.Change
	Result   *providers.Record // the record as the provider had it after the change, when known
	Action   PowerAction
	Instance providers.InstanceRef
}

// PlanUndo plans to take back what was done, last first: what was deleted is
// restored with its marker exactly, what was created is deleted, what was
// changed is changed back. A termination cannot be taken back, which Skipped says.
// The view may be nil.
func PlanUndo(v *View, done ...Done) Plan { return Plan{Verb: VerbUndo} }

// Checksum gives 16 hex digits over everything that the plan does.
func (p Plan) Checksum() string { return "" }
