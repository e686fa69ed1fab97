package awsfront

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// userDataLimit is the limit of user data in bytes before encoding.
const userDataLimit = 16 << 10

// defaultGroup is the default security group of the network.
const defaultGroup = "sg-0a1b2c3d4e5f60718"

// run is a launch with a client token.
type run struct {
	digest string // of all parameters
	ids    []string
}

// launch holds the checked parameters of RunInstances.
type launch struct {
	spec     world.Instance
	count    int
	metadata metadataOptions
}

func (c *ec2Call) runInstances() *apiError {
	l, err := c.readLaunch()
	if err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	c.state.launching.Lock()
	defer c.state.launching.Unlock()
	token, digest := c.form.Get("ClientToken"), digestOf(c.form)
	if token != "" {
		if before, ok := c.state.runs[token]; ok {
			if before.digest != digest {
				return bad("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
			}
			return c.answerAgain(before.ids)
		}
	}
	var rows []world.Instance
	for n := range l.count {
		if token != "" {
			l.spec.ClientToken = token + tokenMark + strconv.Itoa(n)
		}
		i, err := c.f.w.Launch(c.cloud.Name, l.spec)
		if errors.Is(err, world.ErrToken) || errors.Is(err, world.ErrGone) {
			return bad("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
		}
		if err != nil {
			return serverError(c.call)
		}
		rows = append(rows, i)
	}
	ids := make([]string, len(rows))
	c.state.mu.Lock()
	for n := range rows {
		ids[n] = rows[n].ID
		c.state.metadata[ids[n]] = l.metadata
		c.state.reservations[ids[n]] = derived("r", ids[0])
	}
	c.state.mu.Unlock()
	if token != "" {
		c.state.runs[token] = run{digest, ids}
	}
	c.writeReservation(derived("r", ids[0]), rows)
	return nil
}

// answerAgain answers a repeated launch with the present state of its instances.
func (c *ec2Call) answerAgain(ids []string) *apiError {
	var rows []world.Instance
	ended := 0
	for _, id := range ids {
		i, err := c.f.w.Instance(c.cloud.Name, id)
		if err != nil {
			i = world.Instance{ID: id, State: providers.StateTerminated}
		}
		if i.State == providers.StateTerminated {
			ended++
		}
		rows = append(rows, i)
	}
	if ended == len(ids) {
		return bad("IdempotentInstanceTerminated", "The request to launch an instance uses the same client token as a previous request for which the instance has been terminated.")
	}
	c.writeReservation(derived("r", ids[0]), rows)
	return nil
}

// digestOf returns a digest of all parameters of a launch, to recognize a repeated one.
func digestOf(form url.Values) string {
	f := url.Values{}
	for k, v := range form {
		if k != "DryRun" {
			f[k] = v
		}
	}
	sum := sha256.Sum256([]byte(f.Encode()))
	return hex.EncodeToString(sum[:])
}

// readLaunch parses and checks the parameters of RunInstances.
func (c *ec2Call) readLaunch() (launch, *apiError) {
	l := launch{spec: world.Instance{Type: "m1.small", Network: c.f.w.Networks(c.cloud.Name)[0].ID}}
	for _, check := range []func(*launch) *apiError{c.readCount, c.readImage, c.readType, c.readNetwork, c.readInterface, c.readUserData, c.readProfile, c.readTags, c.readProtection} {
		if err := check(&l); err != nil {
			return l, err
		}
	}
	if len(c.form.Get("ClientToken")) > 64 {
		return l, bad("InvalidParameterValue", "Value (%s) for parameter clientToken is invalid. Invalid client token. Length exceeds 64 characters.", c.form.Get("ClientToken"))
	}
	m := metadataOptions{"optional", "enabled", "1", "disabled"}
	for name, at := range map[string]*string{"HttpTokens": &m.tokens, "HttpEndpoint": &m.endpoint, "HttpPutResponseHopLimit": &m.hopLimit, "InstanceMetadataTags": &m.instanceTags} {
		if v := c.form.Get("MetadataOptions." + name); v != "" {
			*at = v
		}
	}
	l.metadata = m
	return l, nil
}

func (c *ec2Call) readCount(l *launch) *apiError {
	var n [2]int
	for i, name := range []string{"MinCount", "MaxCount"} {
		s := c.form.Get(name)
		if s == "" {
			return missingParameter(name)
		}
		v, err := strconv.Atoi(s)
		if err != nil || v < 1 {
			return bad("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Expecting an integer of at least 1.", s, strings.ToLower(name[:1])+name[1:])
		}
		n[i] = v
	}
	if n[0] > n[1] {
		return bad("InvalidParameterCombination", "The minimum count (%d) is above the maximum count (%d)", n[0], n[1])
	}
	if n[0] > 1000 {
		return bad("InstanceLimitExceeded", "You have requested more instances (%d) than your current instance limit of 1000 allows for the specified instance type.", n[0])
	}
	l.count = min(n[1], 1000)
	return nil
}

func (c *ec2Call) readImage(l *launch) *apiError {
	id := c.form.Get("ImageId")
	if id == "" {
		return missingParameter("ImageId")
	}
	if err := wellFormed(id); err != nil {
		return err
	}
	if !slices.ContainsFunc(c.f.w.Images(c.cloud.Name), func(i world.Image) bool { return i.ID == id }) {
		return bad("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	l.spec.Image = id
	return nil
}

func (c *ec2Call) readType(l *launch) *apiError {
	t := c.form.Get("InstanceType")
	if t == "" {
		return nil
	}
	if !slices.ContainsFunc(c.f.w.Sizes(c.cloud.Name), func(s world.Size) bool { return s.ID == t }) {
		return bad("InvalidParameterValue", "Invalid value '%s' for InstanceType.", t)
	}
	l.spec.Type = t
	return nil
}

func (c *ec2Call) readNetwork(l *launch) *apiError {
	subnet, groups := c.form.Get("SubnetId"), list(c.form, "SecurityGroupId")
	if subnet == "" {
		subnet = c.form.Get("NetworkInterface.1.SubnetId")
		groups = append(groups, list(c.form, "NetworkInterface.1.SecurityGroupId")...)
	}
	if subnet != "" {
		if !slices.ContainsFunc(c.f.w.Networks(c.cloud.Name), func(n world.Network) bool { return n.ID == subnet }) {
			return bad("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", subnet)
		}
		l.spec.Network = subnet
	}
	for _, g := range groups {
		if g != defaultGroup {
			return bad("InvalidGroup.NotFound", "The security group '%s' does not exist", g)
		}
	}
	key := c.form.Get("KeyName")
	if key != "" && !slices.Contains(c.f.w.KeyPairs(c.cloud.Name), key) {
		return bad("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", key)
	}
	l.spec.KeyName = key
	return nil
}

// readInterface parses the address parameters of an instance's only interface.
func (c *ec2Call) readInterface(l *launch) *apiError {
	all := groups(c.form, "NetworkInterface")
	nic := url.Values{}
	switch {
	case len(all) > 1:
		return bad("InvalidParameterCombination", "The embedded cloud gives an instance one network interface")
	case len(all) == 1:
		nic = all[0]
		for _, x := range [][2]string{{"SubnetId", "subnet ID"}, {"SecurityGroupId.1", "security groups"}} {
			if c.form.Get(x[0]) != "" {
				return bad("InvalidParameterCombination", "Network interfaces and an instance-level %s may not be specified on the same request", x[1])
			}
		}
		if d := nic.Get("DeviceIndex"); d != "0" {
			return bad("InvalidParameterValue", "Each network interface requires a device index of 0 for the primary one, and not %q.", d)
		}
	}
	switch v := nic.Get("AssociatePublicIpAddress"); v {
	case "", "true":
	case "false":
		l.spec.NoPublic = true
	default:
		return bad("InvalidParameterValue", "Value (%s) for parameter associatePublicIpAddress is invalid. The value must be true or false.", v)
	}
	for _, from := range []url.Values{c.form, nic} {
		s := from.Get("Ipv6AddressCount")
		if s == "" {
			continue
		}
		if len(all) == 1 && c.form.Get("Ipv6AddressCount") != "" {
			return bad("InvalidParameterCombination", "Network interfaces and an instance-level IPv6 address count may not be specified on the same request")
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 10 {
			return bad("InvalidParameterValue", "Value (%s) for parameter ipv6AddressCount is invalid.", s)
		}
		l.spec.IPv6 = n
	}
	return nil
}

func (c *ec2Call) readUserData(l *launch) *apiError {
	s := c.form.Get("UserData")
	if s == "" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return bad("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	}
	if len(b) > userDataLimit {
		return bad("InvalidParameterValue", "User data is limited to %d bytes", userDataLimit)
	}
	l.spec.UserData = b
	return nil
}

func (c *ec2Call) readProfile(l *launch) *apiError {
	name, arn := c.form.Get("IamInstanceProfile.Name"), c.form.Get("IamInstanceProfile.Arn")
	switch {
	case name == "" && arn == "":
		return nil
	case name != "" && arn != "":
		return bad("InvalidParameterCombination", "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'")
	case arn != "":
		var ok bool
		if name, ok = strings.CutPrefix(arn, c.profileARN("x")[:len(c.profileARN("x"))-1]); !ok {
			return bad("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN", arn)
		}
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	if !c.f.iam.hasProfile(name) {
		return bad("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
	}
	l.spec.Profile = name
	return nil
}

func (c *ec2Call) readTags(l *launch) *apiError {
	l.spec.Tags = map[string]string{}
	for _, s := range groups(c.form, "TagSpecification") {
		switch t := s.Get("ResourceType"); t {
		case "instance":
		case "volume", "network-interface", "spot-instances-request", "elastic-gpu":
			continue
		default:
			return bad("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", t)
		}
		tags, err := readTags(s)
		if err != nil {
			return err
		}
		for _, t := range tags {
			if _, twice := l.spec.Tags[t.key]; twice {
				return bad("InvalidParameterValue", "Duplicate tag key '%s' specified.", t.key)
			}
			l.spec.Tags[t.key] = t.value
		}
	}
	if len(l.spec.Tags) > maxTags {
		return bad("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	l.spec.Name = l.spec.Tags["Name"]
	return nil
}

// The power actions.

func (c *ec2Call) terminateInstances() *apiError { return c.power(world.Terminate) }
func (c *ec2Call) stopInstances() *apiError      { return c.power(world.Stop) }
func (c *ec2Call) startInstances() *apiError     { return c.power(world.Start) }

func (c *ec2Call) rebootInstances() *apiError {
	rows, err := c.named()
	if err != nil {
		return err
	}
	for _, i := range rows {
		if i.State != providers.StateRunning {
			return bad("IncorrectState", "Instance '%s' is not in state 'running'.", i.ID)
		}
	}
	for _, i := range rows {
		if _, _, err := c.f.w.Do(c.cloud.Name, i.ID, world.Reboot); err != nil {
			return c.powerError(i.ID, world.Reboot, err)
		}
	}
	c.x.flag("return", true)
	return nil
}

// named returns the instances in a power call. A missing one is an error.
func (c *ec2Call) named() ([]world.Instance, *apiError) {
	ids := list(c.form, "InstanceId")
	if len(ids) == 0 {
		return nil, missingParameter("instancesSet")
	}
	rows, err := c.byID(ids)
	if err != nil {
		return nil, err
	}
	return rows, c.dryRun()
}

func (c *ec2Call) power(p world.Power) *apiError {
	rows, err := c.named()
	if err != nil {
		return err
	}
	for _, i := range rows {
		if !allows(i.State, p) {
			return c.powerError(i.ID, p, world.ErrState)
		}
		if err := protected(&i, p); err != nil {
			return err
		}
	}
	var before, after []world.Instance
	for _, i := range rows {
		b, a, err := c.f.w.Do(c.cloud.Name, i.ID, p)
		if err != nil {
			return c.powerError(i.ID, p, err)
		}
		before, after = append(before, b), append(after, a)
	}
	c.x.items("instancesSet", len(rows), func(n int) {
		c.x.el("instanceId", after[n].ID)
		c.writeState("currentState", after[n].State)
		c.writeState("previousState", before[n].State)
	})
	return nil
}

// allows reports whether an instance in this state accepts an action.
func allows(s providers.InstanceState, p world.Power) bool {
	switch p {
	case world.Start:
		return s == providers.StateStopped || s == providers.StateRunning || s == providers.StatePending
	case world.Stop:
		return s != providers.StateTerminated && s != providers.StateTerminating
	}
	return true
}

func (c *ec2Call) powerError(id string, p world.Power, err error) *apiError {
	if !errors.Is(err, world.ErrState) {
		return bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	done := map[world.Power]string{world.Start: "started", world.Stop: "stopped", world.Reboot: "rebooted", world.Terminate: "terminated"}[p]
	return bad("IncorrectInstanceState", "%s", fmt.Sprintf("The instance '%s' is not in a state from which it can be %s.", id, done))
}
