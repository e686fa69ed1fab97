package ec2

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// maxImages is the largest number of images in a catalogue.
const maxImages = 200

// publishers are the accounts whose images are offered beside the account's own: Amazon, and Canonical and Debian in
// the partitions aws, aws-us-gov and aws-cn.
var publishers = []string{"amazon", "099720109477", "513442679011", "837727238323", "136693071363", "275153300042"}

// publicImages are the names of server images that publishers keep up to date. Amazon alone has tens of thousands of
// others.
var publicImages = []string{
	"ubuntu/images/hvm-ssd*/ubuntu-*-server-*", "debian-11-*", "debian-12-*", "debian-13-*", "al2023-ami-2023*",
}

// Catalogue lists the account's own images and the newest of each public family, current instance types, subnets and
// key pairs.
func (c *Cloud) Catalogue(ctx context.Context) (providers.Catalogue, error) {
	var cat providers.Catalogue
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { cat.Images, err = c.images(ctx); return err })
	g.Go(func() (err error) { cat.Sizes, err = c.sizes(ctx); return err })
	g.Go(func() (err error) { cat.Networks, err = c.subnets(ctx); return err })
	g.Go(func() (err error) { cat.KeyPairs, err = c.keyPairs(ctx); return err })
	if err := g.Wait(); err != nil {
		return providers.Catalogue{}, err
	}
	return cat, nil
}

func (c *Cloud) images(ctx context.Context) ([]providers.Image, error) {
	available := filter("state", "available")
	own, err := c.describeImages(ctx, &awsec2.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{available}})
	if err != nil {
		return nil, err
	}
	public, err := c.describeImages(ctx, &awsec2.DescribeImagesInput{
		Owners: publishers, Filters: []types.Filter{available, filter("name", publicImages...), filter("virtualization-type", "hvm")},
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(own, byPublished)
	all := append(own, newestOfFamily(public)...)
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(i providers.Image) bool {
		again := i.ID == "" || seen[i.ID]
		seen[i.ID] = true
		return again
	})
	return all[:min(len(all), maxImages)], nil
}

func (c *Cloud) describeImages(ctx context.Context, in *awsec2.DescribeImagesInput) ([]providers.Image, error) {
	const op = "list images"
	var all []providers.Image
	err := c.pages(op, func(token *string) (*string, error) {
		in.NextToken, in.MaxResults = token, aws.Int32(pageSize)
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeImages, in)
		if err != nil {
			return nil, err
		}
		for i := range out.Images {
			all = append(all, image(&out.Images[i]))
		}
		return out.NextToken, nil
	})
	return all, err
}

// releases matches a distribution and its version in publishers' image names.
var releases = regexp.MustCompile(`(?i)(ubuntu)-[a-z]+-([0-9]+\.[0-9]+)|(debian)-([0-9]+)|(al)(2023)`)

func image(in *types.Image) providers.Image {
	i := providers.Image{ID: aws.ToString(in.ImageId), Name: aws.ToString(in.Name), Arch: string(in.Architecture), OS: "linux"}
	if in.Platform == types.PlatformValuesWindows {
		i.OS = "windows"
	}
	if m := releases.FindStringSubmatch(i.Name); m != nil {
		i.OS = strings.ToLower(cmp.Or(m[1], m[3], m[5]))
		if i.OS == "al" {
			i.OS = "amazon linux"
		}
		i.Version = cmp.Or(m[2], m[4], m[6])
	}
	i.Published, _ = time.Parse(time.RFC3339, aws.ToString(in.CreationDate))
	return i
}

// builds matches the dates and serial numbers that distinguish images of one family.
var builds = regexp.MustCompile(`[0-9]{8}[0-9.-]*|2023\.[0-9]+\.[0-9]+\.[0-9]+`)

// newestOfFamily returns the newest image of each family and architecture.
func newestOfFamily(images []providers.Image) []providers.Image {
	slices.SortFunc(images, byPublished)
	seen := map[string]bool{}
	return slices.DeleteFunc(images, func(i providers.Image) bool {
		family := builds.ReplaceAllString(i.Name, "*") + "|" + i.Arch
		old := seen[family]
		seen[family] = true
		return old
	})
}

func byPublished(a, b providers.Image) int {
	return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

func (c *Cloud) sizes(ctx context.Context) ([]providers.Size, error) {
	const op = "list instance types"
	var all []providers.Size
	err := c.pages(op, func(token *string) (*string, error) {
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstanceTypes, &awsec2.DescribeInstanceTypesInput{
			MaxResults: aws.Int32(100), NextToken: token, Filters: []types.Filter{filter("current-generation", "true")},
		})
		if err != nil {
			return nil, err
		}
		for i := range out.InstanceTypes {
			all = append(all, size(&out.InstanceTypes[i]))
		}
		return out.NextToken, nil
	})
	slices.SortFunc(all, func(a, b providers.Size) int {
		return cmp.Or(cmp.Compare(a.VCPUs, b.VCPUs), cmp.Compare(a.MemoryMiB, b.MemoryMiB), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

func size(in *types.InstanceTypeInfo) providers.Size {
	s := providers.Size{ID: string(in.InstanceType), Name: string(in.InstanceType)}
	if in.VCpuInfo != nil {
		s.VCPUs = int(aws.ToInt32(in.VCpuInfo.DefaultVCpus))
	}
	if in.MemoryInfo != nil {
		s.MemoryMiB = int(aws.ToInt64(in.MemoryInfo.SizeInMiB))
	}
	if in.InstanceStorageInfo != nil {
		s.DiskGiB = int(aws.ToInt64(in.InstanceStorageInfo.TotalSizeInGB))
	}
	return s
}

func (c *Cloud) subnets(ctx context.Context) ([]providers.Network, error) {
	const op = "list subnets"
	var all []providers.Network
	err := c.pages(op, func(token *string) (*string, error) {
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeSubnets, &awsec2.DescribeSubnetsInput{MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for i := range out.Subnets {
			in := &out.Subnets[i]
			where := strings.TrimSpace(aws.ToString(in.AvailabilityZone) + " " + aws.ToString(in.CidrBlock))
			all = append(all, providers.Network{
				ID: aws.ToString(in.SubnetId), Name: cmp.Or(tags(in.Tags, nil).Get("Name"), where), Public: aws.ToBool(in.MapPublicIpOnLaunch),
			})
		}
		return out.NextToken, nil
	})
	slices.SortFunc(all, func(a, b providers.Network) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

func (c *Cloud) keyPairs(ctx context.Context) ([]string, error) {
	out, err := awsapi.Call(ctx, c.s.Read, "list key pairs", c.ec2.DescribeKeyPairs, &awsec2.DescribeKeyPairsInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, k := range out.KeyPairs {
		names = append(names, aws.ToString(k.KeyName))
	}
	slices.Sort(names)
	return names, nil
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}
