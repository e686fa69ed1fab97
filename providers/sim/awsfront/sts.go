package awsfront

const stsVersion = "2011-06-15"

// serveSTS answers the Security Token Service: who the credentials are.
func (f *front) serveSTS(c *call, x *xmlWriter) *apiError {
	switch a := c.action(); a {
	case "GetCallerIdentity":
		account := f.account(c)
		return queryResult(c, x, func() *apiError {
			x.el("Arn", "arn:aws:iam::"+account+":user/ops")
			x.el("UserId", iamID("AIDA", account+"/ops"))
			x.el("Account", account)
			return nil
		})
	case "":
		return bad("MissingAction", "The request is missing an action or a required parameter")
	default:
		return bad("InvalidAction", "Could not find operation %s for version %s", a, stsVersion)
	}
}

// queryResult writes the answer of an AWS query API around what f writes.
func queryResult(c *call, x *xmlWriter, f func() *apiError) *apiError {
	a := c.action()
	x.open(a+"Response", namespaceOf(c.service))
	var err *apiError
	x.in(a+"Result", func() { err = f() })
	x.in("ResponseMetadata", func() { x.el("RequestId", c.id) })
	x.close(a + "Response")
	return err
}
