package route53

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// A record's Policy holds all that its record set has beyond name, type, TTL, values, set identifier and weight. It is
// one line of fields "key=value" or "key", in a fixed order and separated by single spaces. setPolicy restores it, so
// that a deleted set can be created again unchanged.
const (
	polWeighted      = "weighted" // distinguishes weight 0 from no weight
	polMultivalue    = "multivalue"
	polRegion        = "region"
	polFailover      = "failover"
	polContinent     = "continent"
	polCountry       = "country"
	polSubdivision   = "subdivision"
	polCIDR          = "cidr-collection"
	polCIDRLocation  = "cidr-location"
	polNearRegion    = "near-region"
	polNearZone      = "near-zone"
	polNearLatitude  = "near-latitude"
	polNearLongitude = "near-longitude"
	polNearBias      = "near-bias"
	polHealth        = "health"
	polTrafficPolicy = "traffic-policy"
	polAliasZone     = "alias-zone"
	polAliasHealth   = "alias-health"
)

// policyOf returns the Policy of a record set.
func policyOf(s *types.ResourceRecordSet) string {
	var f []string
	flag := func(key string, on bool) {
		if on {
			f = append(f, key)
		}
	}
	text := func(key string, v *string) {
		if v != nil && *v != "" {
			f = append(f, key+"="+policyEscapes.Replace(*v))
		}
	}
	flag(polWeighted, s.Weight != nil)
	flag(polMultivalue, aws.ToBool(s.MultiValueAnswer))
	text(polRegion, aws.String(string(s.Region)))
	text(polFailover, aws.String(string(s.Failover)))
	if g := s.GeoLocation; g != nil {
		text(polContinent, g.ContinentCode)
		text(polCountry, g.CountryCode)
		text(polSubdivision, g.SubdivisionCode)
	}
	if c := s.CidrRoutingConfig; c != nil {
		text(polCIDR, c.CollectionId)
		text(polCIDRLocation, c.LocationName)
	}
	if g := s.GeoProximityLocation; g != nil {
		text(polNearRegion, g.AWSRegion)
		text(polNearZone, g.LocalZoneGroup)
		if g.Coordinates != nil {
			text(polNearLatitude, g.Coordinates.Latitude)
			text(polNearLongitude, g.Coordinates.Longitude)
		}
		if g.Bias != nil {
			text(polNearBias, aws.String(strconv.Itoa(int(*g.Bias))))
		}
	}
	text(polHealth, s.HealthCheckId)
	text(polTrafficPolicy, s.TrafficPolicyInstanceId)
	if t := s.AliasTarget; t != nil {
		text(polAliasZone, t.HostedZoneId)
		flag(polAliasHealth, t.EvaluateTargetHealth)
	}
	return strings.Join(f, " ")
}

var policyEscapes = strings.NewReplacer("%", "%25", " ", "%20")

// made returns what a field points to, and makes it first if it is nil.
func made[T any](field **T) *T {
	if *field == nil {
		*field = new(T)
	}
	return *field
}

// setPolicy restores the fields that policyOf described.
func setPolicy(s *types.ResourceRecordSet, policy string, weight int64) error {
	for field := range strings.FieldsSeq(policy) {
		key, v, _ := strings.Cut(field, "=")
		v = strings.NewReplacer("%20", " ", "%25", "%").Replace(v)
		switch key {
		case polWeighted:
			s.Weight = aws.Int64(weight)
		case polMultivalue:
			s.MultiValueAnswer = aws.Bool(true)
		case polRegion:
			s.Region = types.ResourceRecordSetRegion(v)
		case polFailover:
			s.Failover = types.ResourceRecordSetFailover(v)
		case polContinent:
			made(&s.GeoLocation).ContinentCode = aws.String(v)
		case polCountry:
			made(&s.GeoLocation).CountryCode = aws.String(v)
		case polSubdivision:
			made(&s.GeoLocation).SubdivisionCode = aws.String(v)
		case polCIDR:
			made(&s.CidrRoutingConfig).CollectionId = aws.String(v)
		case polCIDRLocation:
			made(&s.CidrRoutingConfig).LocationName = aws.String(v)
		case polNearRegion:
			made(&s.GeoProximityLocation).AWSRegion = aws.String(v)
		case polNearZone:
			made(&s.GeoProximityLocation).LocalZoneGroup = aws.String(v)
		case polNearLatitude:
			made(&made(&s.GeoProximityLocation).Coordinates).Latitude = aws.String(v)
		case polNearLongitude:
			made(&made(&s.GeoProximityLocation).Coordinates).Longitude = aws.String(v)
		case polNearBias:
			n, err := strconv.ParseInt(v, 10, 32)
			if err != nil {
				return fmt.Errorf("the bias %q is no number", v)
			}
			made(&s.GeoProximityLocation).Bias = aws.Int32(int32(n))
		case polHealth:
			s.HealthCheckId = aws.String(v)
		case polTrafficPolicy, polAliasZone, polAliasHealth:
			return fmt.Errorf("a record of an alias or a traffic policy cannot be written")
		default:
			return fmt.Errorf("the policy field %q is not known", key)
		}
	}
	return nil
}
