package ec2

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/itemcache"
)

// Instances lists every instance in pages of up to 1,000, including terminated ones for as long as EC2 shows them.
func (c *Cloud) Instances(ctx context.Context, page func([]providers.Instance)) providers.Coverage {
	const op = "list instances"
	ctx, r, ok := c.begin(ctx)
	if !ok {
		return r.cover()
	}
	scope := string(r.cloud.Key)
	known := c.instances.Begin(scope)
	var texts providers.Repeats
	convert := func(in *types.Reservation) []providers.Instance { return c.reservation(r.cloud, in, &texts) }
	items := awsapi.NewItems("reservationSet", known, func(e *itemcache.Element) []providers.Instance { return convert(readReservation(e)) })
	last := c.rows.Len(scope) // if there are rows of an earlier read, those of this one come all at once, to be shared
	list := make([]providers.Instance, 0, last+last/64)
	seen := make(map[string]int, last) // positions in list
	var nameless int
	err := c.pages(op, func(token *string) (*string, error) {
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstances, &awsec2.DescribeInstancesInput{MaxResults: aws.Int32(pageSize), NextToken: token}, withItems(items))
		if err != nil {
			return nil, err
		}
		all, ok := awsapi.Merge(items, out.Reservations, convert)
		if !ok {
			return nil, c.incomplete(op, "the reservations of a page cannot be told apart")
		}
		from := len(list)
		for _, res := range all {
			for i := range res {
				if res[i].ID == "" {
					nameless++
				} else if _, moved := seen[res[i].ID]; !moved { // to a later page during the read
					seen[res[i].ID] = len(list)
					list = append(list, res[i])
				}
			}
		}
		r.addPage(len(list) - from)
		if last > 0 {
			page(nil)
		} else if len(list) > from {
			page(slices.Clone(list[from:]))
		}
		return out.NextToken, nil
	})
	if err == nil && nameless > 0 {
		err = c.incomplete(op, "%d instances came without an id", nameless)
	}
	if r.err = err; err == nil {
		list = c.rows.Keep(scope, list, (*providers.Instance).Equal)
		known.Replace(func(res []providers.Instance) []providers.Instance {
			return sharedWith(list, seen, res, func(i *providers.Instance) string { return i.ID }, (*providers.Instance).Equal)
		})
		known.Keep()
	}
	if last > 0 && len(list) > 0 {
		page(list)
	}
	return r.cover()
}

// sharedWith returns the part of list that equals the rows of an item, or else a copy of them. at are the positions of items in
// list, by the key of their first row.
func sharedWith[T any](list []T, at map[string]int, rows []T, key func(*T) string, equal func(a, b *T) bool) []T {
	if len(rows) > 0 {
		if from, ok := at[key(&rows[0])]; ok && from+len(rows) <= len(list) {
			part := list[from : from+len(rows) : from+len(rows)]
			if providers.ShareRows(part, rows) || slices.EqualFunc(part, rows, func(a, b T) bool { return equal(&a, &b) }) {
				return part
			}
		}
	}
	return slices.Clone(rows)
}

// withItems is the option of a call whose answer is decoded without its known items.
func withItems[T any](items *awsapi.Items[T]) func(*awsec2.Options) {
	return func(o *awsec2.Options) { o.APIOptions = append(o.APIOptions, items.Add) }
}

// reservation returns the instances of a reservation.
func (c *Cloud) reservation(cloud providers.Cloud, in *types.Reservation, texts *providers.Repeats) []providers.Instance {
	rows := make([]providers.Instance, 0, len(in.Instances))
	for i := range in.Instances {
		rows = append(rows, c.instance(cloud, &in.Instances[i], texts))
	}
	return rows
}

// Instance implements providers.InstanceGetter.
func (c *Cloud) Instance(ctx context.Context, id string) (providers.Instance, error) {
	cloud, err := providers.IdentityOf(ctx, c.Identify)
	if err != nil {
		return providers.Instance{}, err
	}
	inst, err := c.describe(ctx, askForOne, id)
	if err != nil {
		return providers.Instance{}, err
	}
	return c.instance(cloud, inst, nil), nil
}

const askForOne = "ask for an instance"

// describe returns one instance as EC2 describes it. Only InvalidInstanceID.NotFound means that it does not exist.
func (c *Cloud) describe(ctx context.Context, op, id string) (*types.Instance, error) {
	if id == "" {
		return nil, c.fail(providers.KindInvalid, op, "the instance id is empty")
	}
	out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstances, &awsec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return nil, onlyInstanceNotFound(err, id)
	}
	for _, res := range out.Reservations {
		for i := range res.Instances {
			if aws.ToString(res.Instances[i].InstanceId) == id {
				return &res.Instances[i], nil
			}
		}
	}
	return nil, c.incomplete(op, "EC2 answered without the instance %s and did not say that it is gone", id)
}

// instance converts an instance. texts may be nil.
func (c *Cloud) instance(cloud providers.Cloud, in *types.Instance, texts *providers.Repeats) providers.Instance {
	i := providers.Instance{
		Cloud: c.name, Key: cloud.Key, Provider: providers.EC2, ID: aws.ToString(in.InstanceId), State: state(in.State),
		Region: c.region, Type: texts.Of(string(in.InstanceType)), Image: texts.Of(aws.ToString(in.ImageId)),
		Launched: aws.ToTime(in.LaunchTime), Tags: tags(in.Tags, texts), Reason: reason(in), Lifecycle: texts.Of(lifecycle(in)),
	}
	i.Name = i.Tags.Get("Name")
	i.LaunchID, _, _ = strings.Cut(i.Tags.Get(providers.TagLaunch), "/")
	addresses(&i, in)
	return i
}

// groupTag is the tag of instances of an EC2 Auto Scaling group (User Guide, "Tag Auto Scaling groups and instances").
const groupTag = "aws:autoscaling:groupName"

// lifecycle returns what Amazon itself does with an instance.
func lifecycle(in *types.Instance) string {
	var all []string
	for _, t := range in.Tags {
		if aws.ToString(t.Key) == groupTag {
			all = append(all, "in auto-scaling group "+awsapi.Clean(aws.ToString(t.Value))+", which replaces it")
		}
	}
	if in.InstanceLifecycle == types.InstanceLifecycleTypeSpot {
		all = append(all, "a spot instance, which Amazon may take back")
	}
	return strings.Join(all, "; ")
}

// reason returns why an instance is in its state: StateReason, or else StateTransitionReason. Most messages start with
// their own code.
func reason(in *types.Instance) string {
	r := in.StateReason
	if r == nil {
		return awsapi.Clean(aws.ToString(in.StateTransitionReason))
	}
	code, msg := awsapi.Clean(aws.ToString(r.Code)), awsapi.Clean(aws.ToString(r.Message))
	switch {
	case code == "pending": // every new instance has it
		return ""
	case msg == "" || msg == code:
		return code
	case strings.HasPrefix(msg, code):
		return msg
	}
	return code + ": " + msg
}

// addresses sets the addresses of the instance and of all its interfaces. Those that the account holds (elastic
// addresses) or that stay with the interface (IPv6) survive a stop; the others return to Amazon.
func addresses(i *providers.Instance, in *types.Instance) {
	i.PublicIPs = appendIP(i.PublicIPs, in.PublicIpAddress)
	i.PrivateIPs = appendIP(i.PrivateIPs, in.PrivateIpAddress)
	addV6 := func(ip *string) {
		if a, ok := parseIP(ip); ok && publicV6(a) {
			i.PublicIPs = append(i.PublicIPs, a)
			i.ElasticIPs = append(i.ElasticIPs, a)
		} else if ok {
			i.PrivateIPs = append(i.PrivateIPs, a)
		}
	}
	addV6(in.Ipv6Address)
	associated := func(as *types.InstanceNetworkInterfaceAssociation) {
		if as == nil {
			return
		}
		i.PublicIPs = appendIP(i.PublicIPs, as.PublicIp)
		if elastic(aws.ToString(as.IpOwnerId)) {
			i.ElasticIPs = appendIP(i.ElasticIPs, as.PublicIp)
		}
	}
	for n := range in.NetworkInterfaces {
		nic := &in.NetworkInterfaces[n]
		i.PrivateIPs = appendIP(i.PrivateIPs, nic.PrivateIpAddress)
		associated(nic.Association)
		for _, p := range nic.PrivateIpAddresses {
			i.PrivateIPs = appendIP(i.PrivateIPs, p.PrivateIpAddress)
			associated(p.Association)
		}
		for _, v6 := range nic.Ipv6Addresses {
			addV6(v6.Ipv6Address)
		}
	}
	for _, list := range []*[]netip.Addr{&i.PublicIPs, &i.PrivateIPs, &i.ElasticIPs} {
		slices.SortFunc(*list, netip.Addr.Compare)
		*list = slices.Compact(*list)
	}
	i.PackAddresses()
}

// elastic reports whether an address with this owner belongs to an account. Addresses lent by Amazon have the owner
// "amazon" or one that starts with it ("amazon-elb").
func elastic(owner string) bool { return owner != "" && !strings.HasPrefix(owner, "amazon") }

func publicV6(a netip.Addr) bool {
	return a.Is6() && a.IsGlobalUnicast() && !a.IsPrivate()
}

func parseIP(s *string) (netip.Addr, bool) {
	if s == nil || *s == "" {
		return netip.Addr{}, false
	}
	return providers.ParseAddr(*s)
}

func appendIP(list []netip.Addr, s *string) []netip.Addr {
	if a, ok := parseIP(s); ok {
		return append(list, a)
	}
	return list
}

// tags converts tags. texts may be nil.
func tags(in []types.Tag, texts *providers.Repeats) providers.Tags {
	if len(in) == 0 {
		return nil
	}
	out := make([]providers.Tag, 0, len(in))
	for _, t := range in {
		out = append(out, providers.Tag{Name: texts.Of(aws.ToString(t.Key)), Value: texts.Of(aws.ToString(t.Value))})
	}
	return texts.Tags(providers.NewTags(out))
}

// state maps the six states of the EC2 API. Any other is unknown.
func state(s *types.InstanceState) providers.InstanceState {
	if s == nil {
		return providers.StateUnknown
	}
	switch s.Name {
	case types.InstanceStateNamePending:
		return providers.StatePending
	case types.InstanceStateNameRunning:
		return providers.StateRunning
	case types.InstanceStateNameStopping:
		return providers.StateStopping
	case types.InstanceStateNameStopped:
		return providers.StateStopped
	case types.InstanceStateNameShuttingDown:
		return providers.StateTerminating
	case types.InstanceStateNameTerminated:
		return providers.StateTerminated
	}
	return providers.StateUnknown
}
