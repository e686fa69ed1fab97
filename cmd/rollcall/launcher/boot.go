package launcher

import (
	"context"
	"fmt"
	"strings"

	"rollcall/providers"
	"rollcall/providers/launch"
	"rollcall/userdata"
)

// ConsoleLog returns the end of an instance's console log.
func (s *Launcher) ConsoleLog(ctx context.Context, cloud, id string) (string, error) {
	c, err := s.compute(cloud)
	if err != nil {
		return "", err
	}
	return c.ConsoleLog(ctx, id)
}

// compute returns the adapter of a cloud. The error means that there is no such cloud, or that it could not be set up.
func (s *Launcher) compute(cloud string) (providers.Compute, error) {
	c, ok := s.Cloud(cloud)
	if !ok {
		return nil, fmt.Errorf("there is no cloud %s", cloud)
	}
	return c.Compute, c.Err
}

// Condition returns what the cloud of an instance says of it alone; nothing if its API has nothing to say.
func (s *Launcher) Condition(ctx context.Context, i providers.InstanceRef) (providers.Condition, error) {
	c, err := s.compute(i.Cloud)
	if err != nil {
		return providers.Condition{}, err
	}
	r, ok := c.(providers.ConditionReader)
	if !ok {
		return providers.Condition{}, nil
	}
	return r.Condition(ctx, i.ID)
}

// UserData returns the user data of an instance as its cloud holds it.
func (s *Launcher) UserData(ctx context.Context, i providers.InstanceRef) ([]byte, error) {
	c, err := s.compute(i.Cloud)
	if err != nil {
		return nil, err
	}
	r, ok := c.(providers.UserDataReader)
	if !ok {
		return nil, fmt.Errorf("%s does not show user data", i.Cloud)
	}
	return r.UserData(ctx, i.ID)
}

// bootState returns the boot state of a node by its console log. A node that says it is registered counts as healthy,
// since only DNS shows whether it is registered.
func (s *Launcher) bootState(ctx context.Context, n launch.Node) (launch.BootState, error) {
	text, err := s.ConsoleLog(ctx, n.Cloud, n.Instance.ID)
	if err != nil {
		return launch.BootState{}, err
	}
	b := userdata.ReadBootLog(text)
	switch b.Step {
	case userdata.BootBegun:
		return launch.BootState{Stage: launch.StageBooting, Message: b.Message, Ended: b.Ended, Failed: b.Failed}, nil
	case userdata.BootHealthy:
		state := launch.BootState{Stage: launch.StageHealthy}
		if !strings.HasPrefix(b.Message, "healthy:") { // the stage says the same
			state.Message = b.Message
		}
		return state, nil
	case userdata.BootRegistered:
		return launch.BootState{Stage: launch.StageHealthy}, nil
	}
	return launch.BootState{}, nil
}
