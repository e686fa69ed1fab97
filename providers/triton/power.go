package triton

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Start starts a machine. It is no error if the machine is running.
func (c *Cloud) Start(ctx context.Context, id string) error {
	return c.reach(ctx, action("start", id), id, http.StatusAccepted, providers.StateRunning, providers.StatePending)
}

// Stop stops a machine. It is no error if the machine is stopped.
func (c *Cloud) Stop(ctx context.Context, id string) error {
	return c.reach(ctx, action("stop", id), id, http.StatusAccepted, providers.StateStopped, providers.StateStopping)
}

// Terminate deletes a machine. It is no error if the machine is gone.
func (c *Cloud) Terminate(ctx context.Context, id string) error {
	r := request{op: "delete machine " + providers.Brief(id), method: http.MethodDelete, path: []string{"machines", id}}
	return c.reach(ctx, r, id, http.StatusNoContent, providers.StateTerminated, providers.StateTerminating)
}

// reach makes a request that brings a machine into one of the wanted states and can be repeated. A refusal is success if
// it is in one of them. The error is KindUncertain if an earlier try with a lost reply may have been carried out.
func (c *Cloud) reach(ctx context.Context, r request, id string, status int, wanted ...providers.InstanceState) error {
	if err := c.checkID(r.op, id); err != nil {
		return err
	}
	x, received, err := c.repeat(ctx, r)
	if err == nil {
		return c.checkStatus(r.op, x, status)
	}
	err = c.aboutMachine(r.op, x, err, id)
	gone := func(err error) bool { // a 404 is no proof
		return providers.KindOf(err) == providers.KindGone && slices.Contains(wanted, providers.StateTerminated)
	}
	k := providers.KindOf(err)
	refused := k == providers.KindConflict || k == providers.KindInvalid
	if refused || k == providers.KindNotFound {
		i, lookErr := c.Instance(ctx, id)
		if gone(lookErr) || lookErr == nil && slices.Contains(wanted, i.State) {
			return nil
		}
		received = received || k == providers.KindNotFound && !providers.IsGone(lookErr)
	}
	switch {
	case gone(err):
		return nil
	case received && (refused || k == providers.KindNotFound || k.Inconclusive()): // what refuses it may be that it is being carried out
		return &providers.Error{Kind: providers.KindUncertain, Source: c.name, Op: r.op, Err: err}
	}
	return err
}

// Reboot reboots a machine. It is requested once: a lost reply is KindUncertain.
func (c *Cloud) Reboot(ctx context.Context, id string) error {
	r := action("reboot", id)
	if err := c.checkID(r.op, id); err != nil {
		return err
	}
	x, err := c.do(ctx, r)
	if err == nil {
		return c.checkStatus(r.op, x, http.StatusAccepted)
	}
	if providers.KindOf(err).MayHaveHappened() && !budget.NotSent(err) {
		return &providers.Error{Kind: providers.KindUncertain, Source: c.name, Op: r.op, Err: err}
	}
	return err
}

// checkStatus checks that a success has CloudAPI's own status. A proxy's page has another, and the outcome is then
// unknown.
func (c *Cloud) checkStatus(op string, x *exchange, status int) error {
	if x.status == status {
		return nil
	}
	return &providers.Error{Kind: providers.KindUncertain, Source: c.name, Op: op, Err: fmt.Errorf("the answer has status %d, and CloudAPI's own is %d", x.status, status)}
}

func (c *Cloud) checkID(op, id string) error {
	if isUUID(id) {
		return nil
	}
	return &providers.Error{
		Kind: providers.KindInvalid, Source: c.name, Op: op,
		Err: errors.New("a Triton machine has a UUID for an id"),
	}
}

func action(action, id string) request {
	return request{
		op: action + " machine " + providers.Brief(id), method: http.MethodPost, path: []string{"machines", id},
		body: map[string]string{"action": action},
	}
}

// ConsoleLog always returns an error: CloudAPI has no console log.
func (c *Cloud) ConsoleLog(context.Context, string) (string, error) {
	return "", &providers.Error{
		Kind: providers.KindInvalid, Source: c.name, Op: "read console log",
		Err: errors.New("Triton's CloudAPI has no console log"),
	}
}
