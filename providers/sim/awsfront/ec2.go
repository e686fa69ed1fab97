package awsfront

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// ec2Namespace is the XML namespace of the EC2 Query API, version 2016-11-15.
const ec2Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// ec2State holds what EC2 knows of a cloud beyond the world.
type ec2State struct {
	launching sync.Mutex     // held during a launch, so that a token launches once
	runs      map[string]run // by client token

	mu           sync.Mutex                   // held only for the maps below, never while the world is called
	reservations map[string]string            // by instance, for launches of several instances
	metadata     map[string]metadataOptions   // by instance
	tags         map[string]map[string]string // of resources that are not instances
	history      faultplay.History[[]world.Instance]
}

// metadataOptions are an instance's options for its metadata service.
type metadataOptions struct {
	tokens, endpoint, hopLimit, instanceTags string
}

func newEC2State(w *world.World) map[string]*ec2State {
	out := map[string]*ec2State{}
	for _, c := range w.Clouds() {
		if c.Provider == providers.EC2 {
			out[c.Name] = &ec2State{
				runs: map[string]run{}, reservations: map[string]string{},
				metadata: map[string]metadataOptions{}, tags: map[string]map[string]string{},
			}
		}
	}
	return out
}

// ec2Call is one call to EC2 in one region.
type ec2Call struct {
	*call
	f     *front
	form  url.Values
	state *ec2State
	x     *xmlWriter
}

// ec2Actions are the supported EC2 actions.
func ec2Actions() map[string]func(*ec2Call) *apiError {
	return map[string]func(*ec2Call) *apiError{
		"DescribeInstances":         (*ec2Call).describeInstances,
		"DescribeInstanceStatus":    (*ec2Call).describeInstanceStatus,
		"DescribeInstanceAttribute": (*ec2Call).describeInstanceAttribute,
		"ModifyInstanceAttribute":   (*ec2Call).modifyInstanceAttribute,
		"GetConsoleOutput":          (*ec2Call).getConsoleOutput,
		"RunInstances":              (*ec2Call).runInstances,
		"TerminateInstances":        (*ec2Call).terminateInstances,
		"StopInstances":             (*ec2Call).stopInstances,
		"StartInstances":            (*ec2Call).startInstances,
		"RebootInstances":           (*ec2Call).rebootInstances,
		"DescribeImages":            (*ec2Call).describeImages,
		"DescribeInstanceTypes":     (*ec2Call).describeInstanceTypes,
		"DescribeSubnets":           (*ec2Call).describeSubnets,
		"DescribeVpcs":              (*ec2Call).describeVpcs,
		"DescribeKeyPairs":          (*ec2Call).describeKeyPairs,
		"DescribeSecurityGroups":    (*ec2Call).describeSecurityGroups,
		"DescribeRegions":           (*ec2Call).describeRegions,
		"DescribeAvailabilityZones": (*ec2Call).describeAvailabilityZones,
		"AllocateAddress":           (*ec2Call).allocateAddress,
		"AssociateAddress":          (*ec2Call).associateAddress,
		"DisassociateAddress":       (*ec2Call).disassociateAddress,
		"ReleaseAddress":            (*ec2Call).releaseAddress,
		"DescribeAddresses":         (*ec2Call).describeAddresses,
		"DescribeNetworkInterfaces": (*ec2Call).describeNetworkInterfaces,
		"CreateTags":                (*ec2Call).createTags,
		"DeleteTags":                (*ec2Call).deleteTags,
		"DescribeTags":              (*ec2Call).describeTags,
	}
}

func (f *front) serveEC2(c *call, x *xmlWriter) *apiError {
	action := c.action()
	do, ok := ec2Actions()[action]
	switch {
	case action == "":
		return bad("MissingAction", "The request is missing an action or a required parameter")
	case !ok:
		return bad("InvalidAction", "The action %s is not valid for this web service.", action)
	}
	e := &ec2Call{call: c, f: f, form: c.form, state: f.ec2[c.cloud.Name], x: x}
	if c.writes() {
		if c.fault == world.WrongKey {
			return &apiError{http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation."}
		}
		if c.form.Get("DryRun") != "true" && c.fault == world.Stale {
			rows, _ := f.w.Instances(c.cloud.Name, nil, 0, 0)
			e.state.history.Write(f.w.Now(), rows)
		}
	}
	x.open(action+"Response", ec2Namespace)
	x.el("requestId", c.id)
	if err := do(e); err != nil {
		return err
	}
	if err := e.dryRun(); err != nil { // of a call that only reads
		return err
	}
	x.close(action + "Response")
	return nil
}

// dryRun returns the answer to a dry run that would succeed.
func (c *ec2Call) dryRun() *apiError {
	if c.form.Get("DryRun") != "true" {
		return nil
	}
	return &apiError{http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."}
}

// rows returns the instances after a position in launch order that the credentials can see, at most limit (0: all).
func (c *ec2Call) rows(keep func(*world.Instance) bool, cursor, limit int) []world.Instance {
	if c.fault == world.WrongKey {
		return nil
	}
	after := func(i *world.Instance) bool { return i.Number > cursor && (keep == nil || keep(i)) }
	if c.fault == world.Stale {
		if then, ok := c.state.history.Read(c.f.w.Now()); ok {
			var out []world.Instance
			for n := range then {
				if after(&then[n]) && (limit <= 0 || len(out) < limit) {
					out = append(out, then[n])
				}
			}
			return out
		}
	}
	out, _ := c.f.w.Instances(c.cloud.Name, after, 0, limit)
	return out
}

// byID returns all instances with these ids, or an error.
func (c *ec2Call) byID(ids []string) ([]world.Instance, *apiError) {
	for _, id := range ids {
		if !instanceID(id) {
			if !strings.HasPrefix(id, "i-") {
				return nil, bad("InvalidInstanceID.Malformed", "Invalid id: \"%s\" (expecting \"i-...\")", id)
			}
			return nil, bad("InvalidInstanceID.Malformed", "Invalid id: \"%s\"", id)
		}
	}
	var then map[string]world.Instance
	if c.fault == world.Stale {
		then = map[string]world.Instance{}
		for _, i := range c.rows(nil, 0, 0) {
			then[i.ID] = i
		}
	}
	var out []world.Instance
	var gone []string
	for _, id := range ids {
		i, err := c.f.w.Instance(c.cloud.Name, id)
		if then != nil {
			var ok bool
			if i, ok = then[id]; !ok {
				err = world.ErrNoInstance
			} else {
				err = nil
			}
		}
		if err != nil || c.fault == world.WrongKey {
			gone = append(gone, id)
			continue
		}
		out = append(out, i)
	}
	switch len(gone) {
	case 0:
		return out, nil
	case 1:
		return nil, bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", gone[0])
	}
	return nil, bad("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(gone, ", "))
}

// instanceID reports whether s is an instance id of the short or the long form.
func instanceID(s string) bool {
	digits, ok := strings.CutPrefix(s, "i-")
	return ok && (len(digits) == 8 || len(digits) == 17) && strings.Trim(digits, "0123456789abcdef") == ""
}

// derived returns a stable id for an object that belongs to another, such as the interface of an instance.
func derived(prefix, of string) string {
	var h uint64 = 14695981039346656037 // FNV-1a
	for i := range len(of) {
		h = (h ^ uint64(of[i])) * 1099511628211
	}
	return fmt.Sprintf("%s-0%016x", prefix, h)
}
