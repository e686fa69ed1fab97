package index

// What the providers publish as their limits. Quotas of zones can be raised: a
// zone that holds more than the quota has another one, which is not known here.
const (
	CloudflareZone  = 3500   // records of a zone on a paid plan ("Records and zone limits" in its documentation)
	Route53Zone     = 10_000 // record sets of a hosted zone ("Quotas" in the Route 53 Developer Guide)
	Route53Values   = 400    // values of one record set, which cannot be raised
	Route53Chars    = 32_000 // characters of the values in one batch; a changed set counts old and new
	MessageBytes    = 65_535 // of one answer, over TCP (RFC 1035 section 4.2.2)
	MessageOverhead = 300    // header, question and the EDNS record, generously
)
