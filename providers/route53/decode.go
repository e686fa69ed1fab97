package route53

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers/itemcache"
)

// readSet reads a record set as the SDK does. One with a routing policy other than weights, or with anything that is not
// known here, is refused.
func readSet(e *itemcache.Element) *types.ResourceRecordSet {
	s := &types.ResourceRecordSet{}
	for name := range e.Children() {
		switch string(name) {
		case "Name":
			s.Name = aws.String(e.Text())
		case "Type":
			s.Type = types.RRType(e.Text())
		case "TTL":
			s.TTL = readNumber(e)
		case "SetIdentifier":
			s.SetIdentifier = aws.String(e.Text())
		case "Weight":
			s.Weight = readNumber(e)
		case "ResourceRecords":
			s.ResourceRecords = itemcache.Items(e, "ResourceRecord", readValue)
		default:
			e.Refuse()
		}
	}
	return s
}

func readValue(e *itemcache.Element, r *types.ResourceRecord) {
	for name := range e.Children() {
		if string(name) != "Value" {
			e.Refuse()
		}
		r.Value = aws.String(e.Text())
	}
}

func readNumber(e *itemcache.Element) *int64 {
	n, err := strconv.ParseInt(e.Text(), 10, 64)
	if err != nil {
		e.Refuse()
	}
	return &n
}
