package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// Addresses lists the account's public addresses, with or without an instance: first elastic addresses, then those of
// network interfaces (load balancers, NAT gateways, and instances).
func (c *Cloud) Addresses(ctx context.Context, page func([]providers.Address)) providers.Coverage {
	ctx, r, ok := c.begin(ctx)
	if !ok {
		return r.cover()
	}
	list, err := c.elasticAddresses(ctx, r)
	if err == nil {
		list, err = c.interfaceAddresses(ctx, r, list, func() { page(nil) })
	}
	r.err = err
	if len(list) > 0 {
		page(list) // at once, to be shared
	}
	return r.cover()
}

func (c *Cloud) elasticAddresses(ctx context.Context, r *read) ([]providers.Address, error) {
	const op = "list elastic addresses"
	out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeAddresses, &awsec2.DescribeAddressesInput{}) // has no pages
	if err != nil {
		return nil, err
	}
	rows := c.elasticRows(r.cloud, out.Addresses)
	r.addPage(len(rows))
	return rows, nil
}

// elasticRows returns one row per public address in list.
func (c *Cloud) elasticRows(cloud providers.Cloud, list []types.Address) (rows []providers.Address) {
	for i := range list {
		in := &list[i]
		for _, s := range []*string{in.PublicIp, in.CarrierIp} {
			if ip, ok := parseIP(s); ok {
				rows = append(rows, providers.Address{
					Cloud: c.name, Key: cloud.Key, IP: ip, Kind: providers.AddressElastic,
					ID: cmp.Or(aws.ToString(in.AllocationId), ip.String()), Instance: aws.ToString(in.InstanceId),
					Note: tags(in.Tags, nil).Get("Name"),
				})
			}
		}
	}
	return rows
}

// interfaceAddresses returns list with the addresses of network interfaces behind it, and as far as they were read with an
// error. It calls read after each page.
func (c *Cloud) interfaceAddresses(ctx context.Context, r *read, list []providers.Address, read func()) ([]providers.Address, error) {
	const op = "list network interfaces"
	scope := string(r.cloud.Key)
	known, at := c.interfaces.Begin(scope), map[string]int{} // positions in list
	convert := func(in *types.NetworkInterface) []providers.Address { return c.interfaceRows(r.cloud, in) }
	items := awsapi.NewItems("networkInterfaceSet", known, func(e *itemcache.Element) []providers.Address { return convert(readInterface(e)) })
	err := c.pages(op, func(token *string) (*string, error) {
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeNetworkInterfaces, &awsec2.DescribeNetworkInterfacesInput{MaxResults: aws.Int32(pageSize), NextToken: token}, withItems(items))
		if err != nil {
			return nil, err
		}
		all, ok := awsapi.Merge(items, out.NetworkInterfaces, convert)
		if !ok {
			return nil, c.incomplete(op, "the interfaces of a page cannot be told apart")
		}
		from := len(list)
		for _, rows := range all {
			if len(rows) > 0 {
				at[rows[0].ID] = len(list)
				list = append(list, rows...)
			}
		}
		r.addPage(len(list) - from)
		read()
		return out.NextToken, nil
	})
	if err != nil {
		return list, err
	}
	same := func(a, b *providers.Address) bool { return *a == *b }
	list = c.addresses.Keep(scope, slices.Clone(list), same)
	known.Replace(func(rows []providers.Address) []providers.Address {
		return sharedWith(list, at, rows, func(a *providers.Address) string { return a.ID }, same)
	})
	known.Keep()
	return list, nil
}

// maxFilterValues is EC2's limit of values in one filter (EC2 API reference, DescribeAddresses).
const maxFilterValues = 200

// holdersAtOnce is the number of concurrent queries for the holders of addresses.
const holdersAtOnce = 4

// Holders implements providers.AddressHolder.
func (c *Cloud) Holders(ctx context.Context, addrs []netip.Addr) ([]providers.Address, error) {
	const op = "ask who has an address"
	cloud, err := c.Identify(ctx)
	if err != nil {
		return nil, err
	}
	var values []string
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			values = append(values, a.String())
		}
	}
	chunks := slices.Collect(slices.Chunk(values, maxFilterValues))
	rows, err := budget.SideBySide(ctx, len(chunks), holdersAtOnce, func(ctx context.Context, n int) (rows []providers.Address, err error) {
		filter := func(name string) []types.Filter { return []types.Filter{{Name: aws.String(name), Values: chunks[n]}} }
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeAddresses, &awsec2.DescribeAddressesInput{Filters: filter("public-ip")})
		if err != nil {
			return nil, err
		}
		rows = c.elasticRows(cloud, out.Addresses)
		err = c.pages(op, func(token *string) (*string, error) {
			out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeNetworkInterfaces, &awsec2.DescribeNetworkInterfacesInput{Filters: filter("addresses.association.public-ip"), NextToken: token})
			if err != nil {
				return nil, err
			}
			for i := range out.NetworkInterfaces {
				rows = append(rows, c.interfaceRows(cloud, &out.NetworkInterfaces[i])...)
			}
			return out.NextToken, nil
		})
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(rows...), nil
}

// interfaceRows returns one row per public address of the interface.
func (c *Cloud) interfaceRows(cloud providers.Cloud, in *types.NetworkInterface) []providers.Address {
	row := providers.Address{
		Cloud: c.name, Key: cloud.Key, Kind: providers.AddressInterface, ID: aws.ToString(in.NetworkInterfaceId),
		Note: cmp.Or(aws.ToString(in.Description), string(in.InterfaceType)),
	}
	if in.Attachment != nil {
		row.Instance = aws.ToString(in.Attachment.InstanceId)
	}
	var rows []providers.Address
	seen := map[netip.Addr]bool{}
	add := func(s *string, v6 bool) {
		if ip, ok := parseIP(s); ok && !seen[ip] && (!v6 || publicV6(ip)) {
			seen[ip] = true
			row.IP = ip
			rows = append(rows, row)
		}
	}
	associated := func(as *types.NetworkInterfaceAssociation) {
		if as != nil {
			add(as.PublicIp, false)
			add(as.CarrierIp, false)
		}
	}
	associated(in.Association)
	for _, p := range in.PrivateIpAddresses {
		associated(p.Association)
	}
	add(in.Ipv6Address, true)
	for _, v6 := range in.Ipv6Addresses {
		add(v6.Ipv6Address, true)
	}
	return rows
}
