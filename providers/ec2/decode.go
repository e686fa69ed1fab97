package ec2

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	smithytime "github.com/aws/smithy-go/time"

	"rollcall/providers/itemcache"
)

// The functions below read what rollcall uses of the items of large lists, and nothing else. Their result is that of the
// SDK in these fields (EC2 API reference, "Instance", "NetworkInterface").

// readReservation reads a reservation.
func readReservation(e *itemcache.Element) *types.Reservation {
	res := &types.Reservation{}
	for name := range e.Children() {
		if string(name) == "instancesSet" {
			res.Instances = itemcache.Items(e, "item", readInstance)
		}
	}
	return res
}

func readInstance(e *itemcache.Element, in *types.Instance) {
	for name := range e.Children() {
		switch string(name) {
		case "instanceId":
			in.InstanceId = readText(e)
		case "imageId":
			in.ImageId = readText(e)
		case "instanceState":
			in.State = readState(e)
		case "instanceType":
			in.InstanceType = types.InstanceType(e.Text())
		case "instanceLifecycle":
			in.InstanceLifecycle = types.InstanceLifecycleType(e.Text())
		case "launchTime":
			in.LaunchTime = readTime(e)
		case "reason":
			in.StateTransitionReason = readText(e)
		case "stateReason":
			in.StateReason = readReason(e)
		case "ipAddress":
			in.PublicIpAddress = readText(e)
		case "privateIpAddress":
			in.PrivateIpAddress = readText(e)
		case "ipv6Address":
			in.Ipv6Address = readText(e)
		case "tagSet":
			in.Tags = itemcache.Items(e, "item", readTag)
		case "networkInterfaceSet":
			in.NetworkInterfaces = itemcache.Items(e, "item", readInstanceInterface)
		}
	}
}

func readState(e *itemcache.Element) *types.InstanceState {
	s := &types.InstanceState{}
	for name := range e.Children() {
		if string(name) == "name" {
			s.Name = types.InstanceStateName(e.Text())
		}
	}
	return s
}

func readReason(e *itemcache.Element) *types.StateReason {
	r := &types.StateReason{}
	for name := range e.Children() {
		switch string(name) {
		case "code":
			r.Code = readText(e)
		case "message":
			r.Message = readText(e)
		}
	}
	return r
}

func readTag(e *itemcache.Element, t *types.Tag) {
	for name := range e.Children() {
		switch string(name) {
		case "key":
			t.Key = readText(e)
		case "value":
			t.Value = readText(e)
		}
	}
}

func readInstanceInterface(e *itemcache.Element, in *types.InstanceNetworkInterface) {
	for name := range e.Children() {
		switch string(name) {
		case "privateIpAddress":
			in.PrivateIpAddress = readText(e)
		case "association":
			in.Association = readInstanceAssociation(e)
		case "privateIpAddressesSet":
			in.PrivateIpAddresses = itemcache.Items(e, "item", func(e *itemcache.Element, p *types.InstancePrivateIpAddress) {
				for name := range e.Children() {
					switch string(name) {
					case "privateIpAddress":
						p.PrivateIpAddress = readText(e)
					case "association":
						p.Association = readInstanceAssociation(e)
					}
				}
			})
		case "ipv6AddressesSet":
			in.Ipv6Addresses = itemcache.Items(e, "item", func(e *itemcache.Element, a *types.InstanceIpv6Address) {
				for name := range e.Children() {
					if string(name) == "ipv6Address" {
						a.Ipv6Address = readText(e)
					}
				}
			})
		}
	}
}

func readInstanceAssociation(e *itemcache.Element) *types.InstanceNetworkInterfaceAssociation {
	as := &types.InstanceNetworkInterfaceAssociation{}
	for name := range e.Children() {
		switch string(name) {
		case "publicIp":
			as.PublicIp = readText(e)
		case "ipOwnerId":
			as.IpOwnerId = readText(e)
		}
	}
	return as
}

// readInterface reads an interface of DescribeNetworkInterfaces.
func readInterface(e *itemcache.Element) *types.NetworkInterface {
	in := &types.NetworkInterface{}
	for name := range e.Children() {
		switch string(name) {
		case "networkInterfaceId":
			in.NetworkInterfaceId = readText(e)
		case "description":
			in.Description = readText(e)
		case "interfaceType":
			in.InterfaceType = types.NetworkInterfaceType(e.Text())
		case "ipv6Address":
			in.Ipv6Address = readText(e)
		case "association":
			in.Association = readAssociation(e)
		case "attachment":
			in.Attachment = &types.NetworkInterfaceAttachment{}
			for name := range e.Children() {
				if string(name) == "instanceId" {
					in.Attachment.InstanceId = readText(e)
				}
			}
		case "privateIpAddressesSet":
			in.PrivateIpAddresses = itemcache.Items(e, "item", func(e *itemcache.Element, p *types.NetworkInterfacePrivateIpAddress) {
				for name := range e.Children() {
					if string(name) == "association" {
						p.Association = readAssociation(e)
					}
				}
			})
		case "ipv6AddressesSet":
			in.Ipv6Addresses = itemcache.Items(e, "item", func(e *itemcache.Element, a *types.NetworkInterfaceIpv6Address) {
				for name := range e.Children() {
					if string(name) == "ipv6Address" {
						a.Ipv6Address = readText(e)
					}
				}
			})
		}
	}
	return in
}

func readAssociation(e *itemcache.Element) *types.NetworkInterfaceAssociation {
	as := &types.NetworkInterfaceAssociation{}
	for name := range e.Children() {
		switch string(name) {
		case "publicIp":
			as.PublicIp = readText(e)
		case "carrierIp":
			as.CarrierIp = readText(e)
		}
	}
	return as
}

func readText(e *itemcache.Element) *string { return aws.String(e.Text()) }

// readTime reads a time. One in another form than RFC 3339 is refused.
func readTime(e *itemcache.Element) *time.Time {
	t, err := smithytime.ParseDateTime(e.Text())
	if err != nil {
		e.Refuse()
	}
	return &t
}
