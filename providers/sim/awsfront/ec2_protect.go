package awsfront

import (
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// protection parses one of the two attributes that protect an instance. set is false if the call does not contain it.
func (c *ec2Call) protection(parameter string) (on, set bool, err *apiError) {
	switch v := c.form.Get(parameter); strings.ToLower(v) {
	case "":
		return false, false, nil
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	default:
		name := strings.TrimSuffix(parameter, ".Value")
		return false, false, bad("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Expecting true or false.", v, strings.ToLower(name[:1])+name[1:])
	}
}

// readProtection parses the protection of a launch's instances.
func (c *ec2Call) readProtection(l *launch) (err *apiError) {
	if l.spec.NoTerminate, _, err = c.protection("DisableApiTermination"); err != nil {
		return err
	}
	l.spec.NoStop, _, err = c.protection("DisableApiStop")
	return err
}

// modifyInstanceAttribute sets termination and stop protection, the only attributes that the embedded EC2 can change.
// Each is given as NAME.Value, or as Attribute and Value.
func (c *ec2Call) modifyInstanceAttribute() *apiError {
	i, err := c.single()
	if err != nil {
		return err
	}
	if a := c.form.Get("Attribute"); a != "" {
		c.form.Set(strings.ToUpper(a[:1])+a[1:]+".Value", c.form.Get("Value"))
	}
	noTerminate, setTerminate, err := c.protection("DisableApiTermination.Value")
	if err != nil {
		return err
	}
	noStop, setStop, err := c.protection("DisableApiStop.Value")
	switch {
	case err != nil:
		return err
	case setTerminate && setStop:
		return bad("InvalidParameterCombination", "Fields for multiple attribute types specified: disableApiTermination, disableApiStop")
	case !setTerminate && !setStop:
		return bad("UnsupportedOperation", "the embedded cloud changes disableApiTermination and disableApiStop only")
	case i.State == providers.StateTerminated || i.State == providers.StateTerminating:
		return bad("IncorrectInstanceState", "The instance '%s' is not in a state from which its attributes can be modified.", i.ID)
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	if !setTerminate {
		noTerminate = i.NoTerminate
	}
	if !setStop {
		noStop = i.NoStop
	}
	if err := c.f.w.Protect(c.cloud.Name, i.ID, noTerminate, noStop); err != nil {
		return bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", i.ID)
	}
	c.x.flag("return", true)
	return nil
}

// protected returns why an action on a protected instance is refused, or nil. Stop protection also prevents termination
// (EC2 User Guide, "Enable stop protection for your EC2 instances"). Neither applies to an instance that has ended.
func protected(i *world.Instance, p world.Power) *apiError {
	over := i.State == providers.StateTerminated || i.State == providers.StateTerminating
	switch {
	case p == world.Terminate && i.NoTerminate && !over:
		return bad("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", i.ID)
	case p == world.Terminate && i.NoStop && !over:
		return bad("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiStop' instance attribute and try again.", i.ID)
	case p == world.Stop && i.NoStop:
		return bad("OperationNotPermitted", "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", i.ID)
	}
	return nil
}
