package pixie

// field is a field of a record, by its place in fields.
type field uint8

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
	maxEntries = 1000           // of syscalls and of timeline
	maxMillis  = maxCount / 1e6 // as long as the longest duration
)

// spec is the name of a field in the payload and its bounds: the least and the greatest number, or the length of a text in bytes.
type spec struct {
	name     string
	min, max float64
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

var fieldsByName = func() map[string]field {
	byName := make(map[string]field, numFields)
	for f, s := range fields {
		byName[s.name] = field(f)
	}
	return byName
}()
