package pixie

import "github.com/kernel-gossip/kernel-gossip/pixie/plain"

// The types of records.
const (
	cpuThrottle    = "cpu_throttle"
	memoryPressure = "memory_pressure"
	oomKill        = "oom_kill"
	networkIssue   = "network_issue"
	podCreation    = "pod_creation"
)

// field is the number of a field of a record, by its place in fields.
type field = plain.Field

const (
	typeName field = iota
	timestamp
	namespace
	podName
	podUID
	node
	containerName
	containerID
	source
	tableName // of a row, as the two below it
	rowTime
	rowPod
	periodSeconds

	throttlePercentage
	nrPeriods
	nrThrottled
	actualCPUUsage
	reportedCPUUsage
	throttledUsec
	throttleNs
	usageUsec
	limitCores
	cfsPeriodUsec
	threads
	nodeCPUs

	workingSetBytes
	memoryUsagePct
	memoryUsedMB
	memoryLimitMB
	limitBytes
	psiSomeAvg10
	psiSomeAvg60
	psiFullAvg10
	psiFullAvg60
	majorFaults
	pageFaultsPerSec
	reclaims
	limitHits
	oomKills

	victimPID
	victimComm
	usageBytes
	scope

	packetDropPct
	retransmitPct
	avgLatencyMs
	rxPackets
	txPackets
	rxDrops
	txDrops
	rxErrors
	txErrors
	tcpSegmentsSent
	tcpRetransmits
	connectFailures
	connectionErrors
	latencyP50Ns
	latencyP99Ns

	totalSyscalls
	namespaceOps
	cgroupWrites
	durationNs
	execs
	processes
	mounts
	iptablesRules
	imagePullNs
	initNs
	syscalls
	timeline

	numFields
)

// Bounds that several fields share.
const (
	maxCount   = 1e15           // absurd for a window of at most a day; integers up to here are exact in every JSON tool
	maxCores   = 100_000        // absurd for one machine
	maxThreads = 4 << 20        // PID_MAX_LIMIT of a 64-bit kernel
	maxSeconds = 86_400         // a window of a day
	maxDayNs   = 86_400 * 1e9   // a day in nanoseconds
	maxText    = 1024           // bytes
	maxComm    = 256            // bytes; the kernel keeps 15 of a name, some sources send more of the command
	maxMiB     = 1e9            // about maxCount bytes
	maxEntries = 1000           // of syscalls and of timeline
	maxMillis  = maxCount / 1e6 // as long as the longest duration
)

// spec is the name of a field in the payload and its bounds: the least and the greatest number, or length of a text in
// bytes.
type spec struct {
	name     string
	min, max int64
}

var fields = [numFields]spec{
	typeName:      {"type", 1, maxText},
	timestamp:     {"timestamp", 1, maxText},
	namespace:     {"namespace", 1, 63},
	podName:       {"pod_name", 1, 253},
	podUID:        {"pod_uid", 0, 128},
	node:          {"node", 0, maxText},
	containerName: {"container_name", 0, 63},
	containerID:   {"container_id", 0, maxText},
	source:        {"source", 0, maxText},
	tableName:     {"_tableName_", 1, maxText},
	rowTime:       {"time_", 1, maxText},
	rowPod:        {"pod", 1, 63 + 1 + 253},
	periodSeconds: {"period_seconds", 0, maxSeconds},

	throttlePercentage: {"throttle_percentage", 0, 100},
	nrPeriods:          {"nr_periods", 0, maxCount},
	nrThrottled:        {"nr_throttled", 0, maxCount},
	actualCPUUsage:     {"actual_cpu_usage", 0, maxCores},
	reportedCPUUsage:   {"reported_cpu_usage", 0, 1000},
	throttledUsec:      {"throttled_usec", 0, maxCount},
	throttleNs:         {"throttle_ns", 0, maxCount * 1000},
	usageUsec:          {"usage_usec", 0, maxCount},
	limitCores:         {"limit_cores", 0, maxCores},
	cfsPeriodUsec:      {"cfs_period_usec", 1000, 1_000_000}, // the kernel's own bounds
	threads:            {"threads", 1, maxThreads},
	nodeCPUs:           {"node_cpus", 1, maxCores},

	workingSetBytes:  {"working_set_bytes", 0, maxCount},
	memoryUsagePct:   {"memory_usage_pct", 0, 100},
	memoryUsedMB:     {"memory_used_mb", 0, maxMiB},
	memoryLimitMB:    {"memory_limit_mb", 0, maxMiB},
	limitBytes:       {"limit_bytes", 0, maxCount},
	psiSomeAvg10:     {"psi_some_avg10", 0, 100},
	psiSomeAvg60:     {"psi_some_avg60", 0, 100},
	psiFullAvg10:     {"psi_full_avg10", 0, 100},
	psiFullAvg60:     {"psi_full_avg60", 0, 100},
	majorFaults:      {"major_faults", 0, maxCount},
	pageFaultsPerSec: {"page_faults_per_sec", 0, 1e9}, // absurd for one machine
	reclaims:         {"reclaims", 0, maxCount},
	limitHits:        {"limit_hits", 0, maxCount},
	oomKills:         {"oom_kills", 0, maxCount},

	victimPID:  {"victim_pid", 1, maxThreads},
	victimComm: {"victim_comm", 0, maxComm},
	usageBytes: {"usage_bytes", 0, maxCount},
	scope:      {"scope", 0, maxText},

	packetDropPct:    {"packet_drop_pct", 0, 100},
	retransmitPct:    {"retransmit_pct", 0, 100},
	avgLatencyMs:     {"avg_latency_ms", 0, maxSeconds * 1000},
	rxPackets:        {"rx_packets", 0, maxCount},
	txPackets:        {"tx_packets", 0, maxCount},
	rxDrops:          {"rx_drops", 0, maxCount},
	txDrops:          {"tx_drops", 0, maxCount},
	rxErrors:         {"rx_errors", 0, maxCount},
	txErrors:         {"tx_errors", 0, maxCount},
	tcpSegmentsSent:  {"tcp_segments_sent", 0, maxCount},
	tcpRetransmits:   {"tcp_retransmits", 0, maxCount},
	connectFailures:  {"connect_failures", 0, maxCount},
	connectionErrors: {"connection_errors", 0, maxCount},
	latencyP50Ns:     {"latency_p50_ns", 0, maxDayNs},
	latencyP99Ns:     {"latency_p99_ns", 0, maxDayNs},

	totalSyscalls: {"total_syscalls", 0, maxCount},
	namespaceOps:  {"namespace_ops", 0, maxCount},
	cgroupWrites:  {"cgroup_writes", 0, maxCount},
	durationNs:    {"duration_ns", 0, maxCount},
	execs:         {"execs", 0, maxCount},
	processes:     {"processes", 0, maxCount},
	mounts:        {"mounts", 0, maxCount},
	iptablesRules: {"iptables_rules", 0, maxCount},
	imagePullNs:   {"image_pull_ns", 0, maxDayNs},
	initNs:        {"init_ns", 0, maxDayNs},
	syscalls:      {"syscalls", 0, maxEntries},
	timeline:      {"timeline", 0, maxEntries},
}

// The fields inside of syscalls and of an entry of timeline.
var (
	syscallName    = spec{"name", 1, 64}
	syscallCount   = spec{"count", 0, maxCount}
	entryMillis    = spec{"timestamp_ms", 0, maxMillis}
	entryTimestamp = spec{"timestamp", 1, maxText}
	entryActor     = spec{"actor", 1, maxText}
	entryAction    = spec{"action", 1, maxText}
	entryDetails   = spec{"details", 0, maxText}
)

// names are the names of the fields.
var names = func() *plain.Names {
	list := make([]string, numFields)
	for f, s := range fields {
		list[f] = s.name
	}
	return plain.NewNames(list)
}()
