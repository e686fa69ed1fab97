package ec2

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/awsapi"
)

// regionsAtOnce is how many regions are asked side by side.
const regionsAtOnce = 8

// places returns the regions that the account has opted in to and has instances in, by name. A region that does not
// answer is returned with its error.
func places(ctx context.Context, o adapter.Opening, opened adapter.Account) ([]adapter.Place, error) {
	c, ok := opened.Compute.(*Cloud)
	if !ok { // without a region: any lists the others
		o.Settings = providers.SettingsOf("region", "us-east-1", "profile", o.Settings.Get("profile"), "endpoint", o.Settings.Get("endpoint"))
		a, err := open(o)
		if err != nil {
			return nil, err
		}
		c = a.Compute.(*Cloud)
	}
	// Without AllRegions it lists those that the account may use (API reference, "DescribeRegions").
	out, err := awsapi.Call(ctx, c.s.Read, "list regions", c.ec2.DescribeRegions, &awsec2.DescribeRegionsInput{})
	if err != nil {
		return nil, err
	}
	var found []adapter.Place
	for _, r := range out.Regions {
		name := aws.ToString(r.RegionName)
		found = append(found, adapter.Place{Name: shortRegion(name), Settings: providers.SettingsOf("region", name, "profile", o.Settings.Get("profile"), "endpoint", o.Settings.Get("endpoint"))})
	}
	has := make([]bool, len(found))
	var g errgroup.Group
	g.SetLimit(regionsAtOnce)
	for i := range found {
		g.Go(func() error {
			p, there := &found[i], o
			there.Name, there.Settings = p.Name, p.Settings
			a, err := open(there)
			if err == nil {
				has[i], err = a.Compute.(*Cloud).hasInstances(ctx)
			}
			p.Err = err
			return nil
		})
	}
	_ = g.Wait() // each place has its own error
	kept := found[:0]
	for i, p := range found {
		if has[i] || p.Err != nil {
			kept = append(kept, p)
		}
	}
	slices.SortFunc(kept, adapter.Place.Compare)
	return kept, nil
}

// hasInstances reports whether the region has an instance that is not terminated.
func (c *Cloud) hasInstances(ctx context.Context) (bool, error) {
	in := &awsec2.DescribeInstancesInput{
		MaxResults: aws.Int32(pageSize), // a page may be empty and yet not the last
		Filters:    []types.Filter{filter("instance-state-name", "pending", "running", "stopping", "stopped")},
	}
	for {
		out, err := awsapi.Call(ctx, c.s.Read, "look for instances", c.ec2.DescribeInstances, in)
		if err != nil || len(out.Reservations) > 0 {
			return err == nil, err
		}
		if aws.ToString(out.NextToken) == "" {
			return false, nil
		}
		in.NextToken = out.NextToken
	}
}
