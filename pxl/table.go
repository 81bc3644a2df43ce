package pxl

import "strings"

// Column is a column that a script shows.
type Column struct {
	Name string
	Type string // as Pixie names it: INT64, FLOAT64, STRING, TIME64NS
	// Unit is the unit (UCUM) of the number that the export form sends; empty for a column that is not sent as a number.
	Unit string
	Text string // a description
}

// Table is what a script shows: one row for each record of the contract.
type Table struct {
	Name    string // kg_<type>_v1
	Columns []Column
}

// Kind returns the type of the records, in the words of the payload.
func (t Table) Kind() string { return strings.TrimSuffix(strings.TrimPrefix(t.Name, "kg_"), "_v1") }

// The columns that tables share.
var (
	podColumns = []Column{
		{"time_", "TIME64NS", "", "the end of the window, or the time of the event"},
		{"namespace", "STRING", "", "the pod's namespace"},
		{"pod_name", "STRING", "", "the pod's name"},
		{"pod_uid", "STRING", "", "the pod's UID"},
		{"node", "STRING", "", "the node's name"},
	}
	containerColumns = []Column{
		{"container_name", "STRING", "", "the container's name"},
		{"container_id", "STRING", "", "the container's ID"},
	}
	sourceColumn = Column{"source", "STRING", "", "who measured: pixie"}
	periodColumn = Column{"period_seconds", "FLOAT64", "", "how long the counters were counted, in seconds"}
)

func joinColumns(parts ...any) []Column {
	var all []Column
	for _, p := range parts {
		switch p := p.(type) {
		case Column:
			all = append(all, p)
		case []Column:
			all = append(all, p...)
		}
	}
	return all
}

// Tables returns what a script shows; nil for a script that does not exist.
func Tables(name string) []Table {
	switch name {
	case "cpu_throttle_detector":
		return []Table{cpuThrottle()}
	case "memory_pressure_monitor":
		return []Table{memoryPressure(), oomKill()}
	case "network_issue_finder":
		return []Table{networkIssue()}
	case "pod_creation_trace":
		return []Table{podCreation()}
	}
	return nil
}

func cpuThrottle() Table {
	return Table{"kg_cpu_throttle_v1", joinColumns(podColumns, containerColumns, sourceColumn, periodColumn, []Column{
		{"nr_periods", "INT64", "{period}", "enforcement periods in which the container was active"},
		{"nr_throttled", "INT64", "{period}", "of these, periods in which its quota was used up"},
		{"throttled_usec", "INT64", "us", "time that it waited, summed over the run queues of all CPUs"},
		{"usage_usec", "INT64", "us", "CPU time that it used"},
		{"limit_cores", "FLOAT64", "{cpu}", "its CPU limit"},
		{"cfs_period_usec", "INT64", "us", "the length of an enforcement period"},
		{"threads", "INT64", "{thread}", "its threads: the most of each process, summed over the processes"},
		{"node_cpus", "INT64", "{cpu}", "the node's CPUs"},
	})}
}

func memoryPressure() Table {
	return Table{"kg_memory_pressure_v1", joinColumns(podColumns, containerColumns, sourceColumn, periodColumn, []Column{
		{"working_set_bytes", "INT64", "By", "memory in use: resident in its processes, at most what is charged to it"},
		{"limit_bytes", "INT64", "By", "its memory limit; 0: none"},
		{"major_faults", "INT64", "{fault}", "page faults that had to read from disk"},
		{"limit_hits", "INT64", "{event}", "how often the limit was hit (max of memory.events)"},
	})}
}

func oomKill() Table {
	return Table{"kg_oom_kill_v1", joinColumns(podColumns, containerColumns, sourceColumn, []Column{
		{"victim_pid", "INT64", "{pid}", "the process that was killed"},
		{"victim_comm", "STRING", "", "its name"},
		{"usage_bytes", "INT64", "By", "memory that was charged to its cgroup"},
		{"limit_bytes", "INT64", "By", "the limit of its cgroup; 0: none"},
		{"scope", "STRING", "", "which memory ran out: memcg or global; empty: the kernel did not say"},
	})}
}

func networkIssue() Table {
	return Table{"kg_network_issue_v1", joinColumns(podColumns, sourceColumn, periodColumn, []Column{
		{"rx_packets", "INT64", "{packet}", "packets that the pod's interfaces received"},
		{"tx_packets", "INT64", "{packet}", "packets that they sent"},
		{"rx_drops", "INT64", "{packet}", "packets that they dropped on the way in"},
		{"tx_drops", "INT64", "{packet}", "packets that they dropped on the way out"},
		{"rx_errors", "INT64", "{packet}", "packets that were broken on the way in"},
		{"tx_errors", "INT64", "{packet}", "packets that could not be sent"},
		{"tcp_retransmits", "INT64", "{segment}", "times that TCP sent something again"},
		{"connect_failures", "INT64", "{connection}", "TCP connections that the pod could not open"},
	})}
}

func podCreation() Table {
	return Table{"kg_pod_creation_v1", joinColumns(podColumns, sourceColumn, []Column{
		{"total_syscalls", "INT64", "{call}", "system calls of the tree of processes that started the pod"},
		{"namespace_ops", "INT64", "{namespace}", "namespaces that it made"},
		{"cgroup_writes", "INT64", "{write}", "writes to the pod's cgroups"},
		{"duration_ns", "INT64", "ns", "from the pod's cgroup directory to the exec of the last container"},
		{"execs", "INT64", "{exec}", "programs that it started"},
		{"processes", "INT64", "{process}", "processes that it made"},
		{"mounts", "INT64", "{call}", "calls that change mounts"},
	})}
}
