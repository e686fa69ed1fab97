package triton

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Start starts a machine. It is no error if the machine is running.
func (c *Cloud) Start(ctx context.Context, id string) error {
	return c.requestRepeatable(ctx, "start", id, providers.StateRunning, providers.StatePending)
}

// Stop stops a machine. It is no error if the machine is stopped.
func (c *Cloud) Stop(ctx context.Context, id string) error {
	return c.requestRepeatable(ctx, "stop", id, providers.StateStopped, providers.StateStopping)
}

// requestRepeatable requests an action that can be repeated. A conflict is success if the machine is in one of the
// wanted states, because an earlier try with a lost reply may have caused that.
func (c *Cloud) requestRepeatable(ctx context.Context, action, id string, wanted ...providers.InstanceState) error {
	r, err := c.action(action, id)
	if err != nil {
		return err
	}
	x, err := c.read(ctx, r, nil)
	if err == nil {
		return c.checkStatus(r.op, x, http.StatusAccepted)
	}
	if k := providers.KindOf(err); k == providers.KindConflict || k == providers.KindInvalid {
		if i, getErr := c.Instance(ctx, id); getErr == nil {
			for _, s := range wanted {
				if i.State == s {
					return nil
				}
			}
		}
	}
	return err
}

// Reboot reboots a machine. It is requested once: a lost reply is KindUncertain.
func (c *Cloud) Reboot(ctx context.Context, id string) error {
	r, err := c.action("reboot", id)
	if err != nil {
		return err
	}
	x, err := c.do(ctx, r)
	if err == nil {
		return c.checkStatus(r.op, x, http.StatusAccepted)
	}
	if providers.KindOf(err) == providers.KindUnreachable && !budget.NotSent(err) {
		return &providers.Error{Kind: providers.KindUncertain, Source: c.name, Op: r.op, Err: err}
	}
	return err
}

// Terminate deletes a machine. It is no error if the machine is gone.
func (c *Cloud) Terminate(ctx context.Context, id string) error {
	if err := c.checkID("delete", id); err != nil {
		return err
	}
	op := "delete machine " + id
	x, err := c.read(ctx, request{op: op, method: http.MethodDelete, path: []string{"machines", id}}, nil)
	if err == nil {
		return c.checkStatus(op, x, http.StatusNoContent)
	}
	if err = c.aboutMachine(op, x, err, id); providers.IsGone(err) {
		return nil
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

func (c *Cloud) checkID(action, id string) error {
	if isUUID(id) {
		return nil
	}
	return &providers.Error{
		Kind: providers.KindInvalid, Source: c.name, Op: action + " machine " + providers.Brief(id),
		Err: errors.New("a Triton machine has a UUID for an id"),
	}
}

func (c *Cloud) action(action, id string) (request, error) {
	if err := c.checkID(action, id); err != nil {
		return request{}, err
	}
	return request{
		op: action + " machine " + id, method: http.MethodPost, path: []string{"machines", id},
		body: map[string]string{"action": action},
	}, nil
}

// ConsoleLog always returns an error: CloudAPI has no console log.
func (c *Cloud) ConsoleLog(context.Context, string) (string, error) {
	return "", &providers.Error{
		Kind: providers.KindInvalid, Source: c.name, Op: "read console log",
		Err: errors.New("Triton's CloudAPI has no console log"),
	}
}
