package pixie

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var errTooMany = fmt.Errorf("more than %d entries", maxEntries)

// podCreation reads a record of type pod_creation.
func (r *record) podCreation(c *gossip.PodCreation) {
	r.origin(&c.Origin)
	c.TotalSyscalls = r.integer(totalSyscalls)
	c.NamespaceOps = r.integer(namespaceOps)
	c.CgroupWrites = r.integer(cgroupWrites)
	r.requireOne("total_syscalls, namespace_ops or cgroup_writes", totalSyscalls, namespaceOps, cgroupWrites)
	c.Duration = time.Duration(r.requiredInteger(durationNs))
	c.Execs = r.integer(execs)
	c.Processes = r.integer(processes)
	c.Mounts = r.integer(mounts)
	c.IPTablesRules = r.integer(iptablesRules)
	c.ImagePull = r.nanoseconds(imagePullNs)
	c.Init = r.nanoseconds(initNs)
	c.Syscalls = r.syscalls()
	c.Timeline = r.timeline(c.Time.Add(-c.Duration))
}

// syscalls reads calls by name. An empty object is a map without entries: measured, and nothing seen.
func (r *record) syscalls() map[string]int64 {
	raw := r.of(syscalls)
	if raw == nil || r.err != nil {
		return nil
	}
	calls := map[string]int64{}
	r.fail(syscalls, r.inner.each(raw, func(name, value []byte) error {
		if len(calls) == maxEntries {
			return errTooMany
		}
		call := string(name)
		if err := syscallName.checkName(call); err != nil {
			return err
		}
		n, err := r.inner.integer(value, syscallCount)
		if err != nil {
			return fmt.Errorf("%s: %w", call, err)
		}
		calls[call] = n
		return nil
	}))
	return calls
}

// checkName holds the name of a system call to what the kernel calls its own: lower case, digits and underscores.
func (s spec) checkName(name string) error {
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') {
			return fmt.Errorf("not a system call (a-z, 0-9 and '_'): %s", quote(name))
		}
	}
	if n := int64(len(name)); n < s.min || n > s.max {
		return fmt.Errorf("name of %d bytes, not 1 to %d", len(name), s.max)
	}
	return nil
}
