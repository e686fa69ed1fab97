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
	c, ok := s.Cloud(cloud)
	switch {
	case !ok:
		return "", fmt.Errorf("there is no cloud %s", cloud)
	case c.Err != nil:
		return "", c.Err
	}
	return c.Compute.ConsoleLog(ctx, id)
}

// UserData returns the user data of an instance as its cloud holds it.
func (s *Launcher) UserData(ctx context.Context, i providers.InstanceRef) ([]byte, error) {
	c, ok := s.Cloud(i.Cloud)
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no cloud %s", i.Cloud)
	case c.Err != nil:
		return nil, c.Err
	}
	r, ok := c.Compute.(providers.UserDataReader)
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
