package operator

import "time"

// ShortLease makes a lease that is lost after five seconds without the API server.
func ShortLease(o *Options) {
	o.LeaderElection = true
	o.lease = leaseTimes{
		duration: 8 * time.Second, deadline: 5 * time.Second, retry: 500 * time.Millisecond, regain: 100 * time.Millisecond,
	}
}
