package pixie

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var errTooMany = fmt.Errorf("more than %d entries", maxEntries)

// readPodCreation reads a record of type pod_creation.
func (r *record) readPodCreation(c *gossip.PodCreation) {
	r.readOrigin(&c.Origin)
	c.TotalSyscalls = r.readInteger(totalSyscalls)
	c.NamespaceOps = r.readInteger(namespaceOps)
	c.CgroupWrites = r.readInteger(cgroupWrites)
	r.requireOne("total_syscalls, namespace_ops or cgroup_writes", totalSyscalls, namespaceOps, cgroupWrites)
	c.Duration = time.Duration(r.readRequiredInteger(durationNs))
	c.Execs = r.readInteger(execs)
	c.Processes = r.readInteger(processes)
	c.Mounts = r.readInteger(mounts)
	c.IPTablesRules = r.readInteger(iptablesRules)
	c.ImagePull = r.readNanoseconds(imagePullNs)
	c.Init = r.readNanoseconds(initNs)
	c.Syscalls = r.readSyscalls()
	c.Timeline = r.readTimeline(c.Time.Add(-c.Duration))
}

// readSyscalls reads calls by name. An empty object becomes a map without entries: calls were counted, and there were
// none.
func (r *record) readSyscalls() map[string]int64 {
	raw := r.valueOf(syscalls)
	if raw == nil || r.err != nil {
		return nil
	}
	calls := map[string]int64{}
	r.refuseField(syscalls, r.inner.eachMember(raw, func(name, value []byte) error {
		if len(calls) == maxEntries {
			return errTooMany
		}
		call := string(name)
		if err := syscallName.checkName(call); err != nil {
			return err
		}
		n, err := r.inner.parseInteger(value, syscallCount)
		if err != nil {
			return fmt.Errorf("%s: %w", call, err)
		}
		calls[call] = n
		return nil
	}))
	return calls
}

// checkName refuses what cannot be the name of a system call. The kernel uses lower case, digits and underscores.
func (s spec) checkName(name string) error {
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') {
			return fmt.Errorf("not a system call (a-z, 0-9 and '_'): %s", quoteInput(name))
		}
	}
	if n := int64(len(name)); n < s.min || n > s.max {
		return fmt.Errorf("name of %d bytes, not 1 to %d", len(name), s.max)
	}
	return nil
}
