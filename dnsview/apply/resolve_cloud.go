package apply

import (
	"context"
	"strings"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// launchShown is how long a cloud may take to show a launched instance.
const launchShown = 5 * time.Minute

// owner returns the cloud of an entry if its current key is the entry's, or why not.
func (e *Engine) owner(ctx context.Context, name string, key providers.CloudKey, what string) (t *CloudTarget, why string) {
	t = e.cloud(name)
	if t == nil || t.Err != nil {
		return nil, "the cloud " + index.Clean(name) + " is not configured here, or could not be set up"
	}
	who, err := e.o.Sources.Identify(ctx, name)
	switch {
	case err != nil:
		return nil, index.Clean(err.Error())
	case who.Key != key:
		return nil, "the credentials of " + t.Name + " belong to another account than " + what
	}
	return t, ""
}

// findPower queries the cloud for the outcome of an action.
func (e *Engine) findPower(ctx context.Context, en *journal.Entry) answer {
	if en.Instance == nil {
		return answer{why: "it names no instance"}
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	t, why := e.owner(ctx, en.Instance.Cloud, en.Instance.Key, "the instance")
	if t == nil {
		return answer{why: why}
	}
	state, gone, err := e.stateOf(ctx, *en.Instance)
	if err != nil {
		return answer{why: index.Clean(err.Error())}
	}
	v, why := powerOutcome(plan.PowerAction(en.Action), state, gone)
	return answer{asked: true, outcome: v, why: why}
}

// findLaunch queries a cloud for the instance of a launch. A missing one is believed only after launchShown.
func (e *Engine) findLaunch(ctx context.Context, en *journal.Entry) answer {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	l := en.Launch
	t, why := e.owner(ctx, l.Cloud, l.Key, "the launch")
	switch {
	case t == nil:
		return answer{why: why}
	case t.Launches == nil:
		return answer{why: "the cloud " + index.Clean(l.Cloud) + " cannot be asked for a launch"}
	}
	inst, err := t.Launches.FindLaunch(ctx, l.ID, l.Index)
	switch {
	case err == nil:
		ref := inst.Ref()
		return answer{asked: true, outcome: index.Made, why: "is " + index.Clean(inst.ID+", "+string(inst.State)), instance: &ref}
	case providers.KindOf(err) != providers.KindNotFound:
		return answer{why: index.Clean(err.Error())}
	case e.o.Now().Sub(en.Time) < launchShown:
		return answer{asked: true, outcome: index.CannotTell, why: "its cloud does not show it yet, which it may for " + launchShown.String() + " after it was asked"}
	}
	return answer{asked: true, outcome: index.NotMade, why: "its cloud does not show it"}
}

// findProfile queries an account for an instance profile.
func (e *Engine) findProfile(ctx context.Context, en *journal.Entry) answer {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	t, why := e.owner(ctx, en.Profile.Cloud, en.Profile.Key, "the profile")
	switch {
	case t == nil:
		return answer{why: why}
	case t.Profile == nil:
		return answer{why: "the cloud " + index.Clean(en.Profile.Cloud) + " has no instance profiles"}
	}
	missing, err := t.Profile(ctx, en.Profile)
	switch {
	case err != nil:
		return answer{why: index.Clean(err.Error())}
	case len(missing) > 0:
		return answer{asked: true, outcome: index.NotMade, why: "is not all there: missing are " + index.Clean(strings.Join(missing, ", "))}
	}
	return answer{asked: true, outcome: index.Made, why: "is there"}
}
