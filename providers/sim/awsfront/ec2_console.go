package awsfront

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// postedFor is how long after the last change of state EC2 posts output that it returns without Latest (EC2 API,
// GetConsoleOutput).
const postedFor = time.Minute

// getConsoleOutput answers with the end of an instance's console log. Without a log the answer has no output element.
func (c *ec2Call) getConsoleOutput() *apiError {
	i, err := c.single()
	if err != nil {
		return err
	}
	until := c.f.w.Now()
	if c.form.Get("Latest") == "true" {
		if !nitro(i.Type) {
			return &apiError{http.StatusBadRequest, "UnsupportedOperation", "This instance type does not support retrieving the latest console logs."}
		}
	} else if posted := i.Changed.Add(postedFor); posted.Before(until) {
		until = posted
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	text, at, gone := c.f.w.Console(c.cloud.Name, i.ID, until)
	if gone != nil {
		return bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", i.ID)
	}
	c.x.el("instanceId", i.ID)
	c.x.at("timestamp", at)
	c.x.opt("output", base64.StdEncoding.EncodeToString([]byte(text)))
	return nil
}

// nitro reports whether a type runs on the Nitro hypervisor, which supports Latest: all but earlier generations.
func nitro(instanceType string) bool {
	family, _, _ := strings.Cut(instanceType, ".")
	switch family {
	case "t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "r4", "i2", "i3", "d2", "h1", "x1", "x1e", "p2", "p3", "g3":
		return false
	}
	return true
}
