package index

// Verb says what the operator asked for. Guards depend on it.
type Verb string

// The verbs of plans.
const (
	VerbDeregister Verb = "deregister" // delete dead entries
	VerbRegister   Verb = "register"
	VerbQuiesce    Verb = "quiesce"
	VerbReturn     Verb = "return"
	VerbEvacuate   Verb = "evacuate" // quiesce all nodes of a cloud
	VerbDrain      Verb = "drain"    // out of DNS, wait, terminate
	VerbReplace    Verb = "replace"  // launch a node in the place of one, and drain that one
	VerbRetarget   Verb = "retarget"
	VerbUpdate     Verb = "update"
	VerbAdopt      Verb = "adopt"
	VerbUndo       Verb = "undo"
	VerbRedo       Verb = "redo" // make again what an undo took back
	VerbPower      Verb = "power"
	VerbCreate     Verb = "create" // the PTR and TXT of an incarnation
	VerbRetire     Verb = "retire" // take them back
	VerbJoin       Verb = "join"   // a host by hand
	VerbLeave      Verb = "leave"
	VerbBalance    Verb = "balance" // change priority or weight
)

// PutsBackNodes reports whether undoing a change of the verb that deleted a record, or making again one that created it, puts
// a node into DNS that was alive: it was taken out, or put in, for other reasons than that it was dead.
func (v Verb) PutsBackNodes() bool {
	switch v {
	case VerbQuiesce, VerbEvacuate, VerbDrain, VerbReplace, VerbRegister, VerbReturn:
		return true
	}
	return false
}

// TakesBack reports whether the verb takes back what the journal knows.
func (v Verb) TakesBack() bool { return v == VerbUndo || v == VerbRedo }
