package gossip

// runningSum is the total of a window of CPU samples that is kept from sample to sample, because adding up all buckets
// for each sample would be most of its cost. It lacks the largest values (threads, nodeCPUs, lastThrottled): they
// cannot be subtracted, so they may be of samples that have left.
//
// It is valid while the window changes by known sums. It becomes invalid, and stays so until it is set again, when
//
//   - a sample without a period is counted, because its sums depend on the samples around it,
//   - a bucket is folded, because that adds duplicates and samples without a period,
//   - a bucket leaves that cannot be subtracted (see cpuSums.subtractSums), or
//   - an epoch begins.
type runningSum struct {
	cpuSums
	usec  int64 // time that the samples cover, microseconds
	valid bool
}

// maxExact is the bound of sums that have certainly not stopped at the largest number.
const maxExact = 1 << 62

func (r *runningSum) add(sums *cpuSums, usec int64) {
	if r.valid {
		r.cpuSums.add(sums)
		r.usec = addSat(r.usec, usec)
	}
}

func (r *runningSum) remove(sums *cpuSums, usec int64) {
	if r.valid {
		r.usec -= usec
		r.valid = r.subtractSums(sums) && r.usec < maxExact
	}
}

func (r *runningSum) setInvalid() { r.valid = false }

func (r *runningSum) set(sums cpuSums, usec int64) { r.cpuSums, r.usec, r.valid = sums, usec, true }
