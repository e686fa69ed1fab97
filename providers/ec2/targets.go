package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"golang.org/x/sync/errgroup"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

const (
	groupPage     = 400 // maximum page of DescribeTargetGroups
	mostGroups    = 200 // groups that are asked for their targets in one read: a region may have 3,000, and each takes a call
	groupsAtOnce  = 8
	filterValues  = 200 // of one filter of DescribeInstances
	groupNotFound = "TargetGroupNotFound"
)

// node is an instance in its network.
type node struct {
	providers.Instance
	vpc string
}

// TargetGroups implements providers.TargetReader. Of the groups that a load balancer uses it asks those in the instances' networks
// for their targets, then those of addresses in other networks, which may have addresses of peered ones. It asks for all targets of
// a group and not for the instances alone: an answer about a target without its port is about the group's own port only.
func (c *Cloud) TargetGroups(ctx context.Context, ids []string) (out providers.TargetGroups) {
	groups, err := c.usedGroups(ctx)
	if err != nil || len(groups) == 0 {
		return providers.TargetGroups{Unknown: unknownTargets(err, "elasticloadbalancing:DescribeTargetGroups")}
	}
	nodes, err := c.nodes(ctx, ids)
	if err != nil {
		return providers.TargetGroups{Unknown: unknownTargets(err, "ec2:DescribeInstances")}
	}
	elsewhere := func(g types.TargetGroup) bool {
		return !slices.ContainsFunc(nodes, func(n node) bool { return n.vpc == aws.ToString(g.VpcId) })
	}
	groups = slices.DeleteFunc(groups, func(g types.TargetGroup) bool { return g.TargetType == types.TargetTypeEnumInstance && elsewhere(g) })
	slices.SortStableFunc(groups, func(a, b types.TargetGroup) int {
		if in, other := elsewhere(a), elsewhere(b); in != other {
			return map[bool]int{true: 1, false: -1}[in]
		}
		return cmp.Compare(aws.ToString(a.TargetGroupName), aws.ToString(b.TargetGroupName))
	})
	if n := len(groups); n > mostGroups {
		out.Unknown = fmt.Sprintf("%d of %d are asked, the most in one read", mostGroups, n)
		groups = groups[:mostGroups]
	}
	var mu sync.Mutex
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(groupsAtOnce)
	for i := range groups {
		asking.Go(func() error {
			g, err := c.targets(ctx, &groups[i], nodes)
			if err != nil || g == nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			out.Groups = append(out.Groups, *g)
			return nil
		})
	}
	if err := asking.Wait(); err != nil {
		out.Unknown = unknownTargets(err, "elasticloadbalancing:DescribeTargetHealth")
	}
	slices.SortFunc(out.Groups, func(a, b providers.TargetGroup) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// unknownTargets returns why target groups are not known, or "" for no error.
func unknownTargets(err error, permission string) string {
	switch {
	case err == nil:
		return ""
	case isDenied(err):
		return "the permission " + permission + " is missing"
	}
	if e, ok := errors.AsType[*providers.Error](err); ok { // without the name of the cloud, which stands before it
		return e.Op + ": " + e.Err.Error()
	}
	return err.Error()
}

// usedGroups returns the groups that a load balancer uses, and whose targets are instances or addresses.
func (c *Cloud) usedGroups(ctx context.Context) (all []types.TargetGroup, err error) {
	const op = "list target groups"
	return all, c.pages(op, func(marker *string) (*string, error) {
		page, err := awsapi.Call(ctx, c.s.Read, op, c.elb.DescribeTargetGroups, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(groupPage), Marker: marker})
		if err != nil {
			return nil, err
		}
		for i := range page.TargetGroups {
			if g := &page.TargetGroups[i]; len(g.LoadBalancerArns) > 0 && (g.TargetType == types.TargetTypeEnumInstance || g.TargetType == types.TargetTypeEnumIp) {
				all = append(all, *g)
			}
		}
		return page.NextMarker, nil
	})
}

// nodes returns instances with their networks and addresses. One that EC2 does not show is an error.
func (c *Cloud) nodes(ctx context.Context, ids []string) (all []node, err error) {
	const op = "ask for the networks of instances"
	for some := range slices.Chunk(ids, filterValues) {
		filter := ec2types.Filter{Name: aws.String("instance-id"), Values: some} // an id that is unknown fails no others, as one in InstanceIds would
		page, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstances, &awsec2.DescribeInstancesInput{Filters: []ec2types.Filter{filter}, MaxResults: aws.Int32(pageSize)})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Reservations {
			for i := range r.Instances {
				all = append(all, node{c.instance(providers.Cloud{}, &r.Instances[i], nil), aws.ToString(r.Instances[i].VpcId)})
			}
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(n node) bool { return n.ID == id }) {
			return nil, c.incomplete(op, "the answer lacks %s", id)
		}
	}
	return all, nil
}

// targets returns a group with its targets, or nil if none of them is one of nodes, or if the group is gone.
func (c *Cloud) targets(ctx context.Context, g *types.TargetGroup, nodes []node) (*providers.TargetGroup, error) {
	name, arn := awsapi.Clean(aws.ToString(g.TargetGroupName)), aws.ToString(g.TargetGroupArn)
	answer, err := awsapi.Call(ctx, c.s.Read, "ask for the targets of "+name, c.elb.DescribeTargetHealth, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})
	switch {
	case codeOf(err) == groupNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	out := &providers.TargetGroup{
		Name: name, ByAddress: g.TargetType == types.TargetTypeEnumIp,
		Deregister: "aws elbv2 deregister-targets --region " + c.region + " --target-group-arn " + awsapi.Clean(arn) + " --targets",
	}
	found := false
	for i := range answer.TargetHealthDescriptions {
		d := &answer.TargetHealthDescriptions[i]
		if d.Target == nil {
			continue
		}
		t := providers.Target{ID: awsapi.Clean(aws.ToString(d.Target.Id)), Port: int(aws.ToInt32(d.Target.Port))}
		t.Health, t.State = healthOf(d.TargetHealth)
		addr, _ := netip.ParseAddr(t.ID)
		for _, n := range nodes {
			inside := n.vpc == aws.ToString(g.VpcId)
			// An address outside the group's network is registered for all zones; another network may have the same one.
			if n.ID == t.ID && inside || out.ByAddress && n.HasAddress(addr) && (inside || aws.ToString(d.Target.AvailabilityZone) == "all") {
				t.Instance, found = n.ID, true
			}
		}
		out.Targets = append(out.Targets, t)
	}
	if !found {
		return nil, nil
	}
	return out, nil
}

// healthOf returns the health of a target, and its state with the reason.
func healthOf(h *types.TargetHealth) (providers.TargetHealth, string) {
	if h == nil || h.State == "" {
		return providers.TargetUnknown, "health unknown"
	}
	state := awsapi.Clean(string(h.State))
	if h.Reason != "" {
		state += ", " + awsapi.Clean(string(h.Reason))
	}
	switch h.State {
	case types.TargetHealthStateEnumHealthy:
		return providers.TargetHealthy, state
	case types.TargetHealthStateEnumInitial, types.TargetHealthStateEnumUnhealthy, types.TargetHealthStateEnumUnhealthyDraining, types.TargetHealthStateEnumUnused, types.TargetHealthStateEnumDraining:
		return providers.TargetNotHealthy, state
	}
	return providers.TargetUnknown, state
}
