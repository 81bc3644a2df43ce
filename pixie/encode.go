package pixie

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/plain"
)

// Append appends the record of an event to b, as one line of NDJSON, and returns the extended slice. It is the inverse
// of Decode: an event that Decode yields is the same event after Append and Decode.
//
// A record has the fields of payload.md in their order, without aliases. What is absent in the event is left out.
// Numbers are the shortest decimals that read back as the same value; shares are written as percentages.
//
// A record cannot carry everything that a program may put into an event:
//
//   - A limit that [gossip.Enrich] filled in is left out, because the measurement did not include it.
//   - A CFS period is cut to whole microseconds.
//   - A share for which no float64 is the percentage is off by one unit in the last place.
//   - NaN is absent.
//   - Characters that cannot be seen and bytes that are not UTF-8 become U+FFFD: see [gossip.CleanText].
//   - Time zones are lost, and Decode sorts a timeline by offset.
//
// Append does not check the event. If a value is out of bounds, or a required field is absent, Decode refuses the
// record and says why. A pointer means the event that it points to. Append panics if there is no event: for nil, and
// for types outside of package gossip.
func Append(b []byte, event gossip.Event) []byte {
	e := encoder{b}
	switch event := event.(type) {
	case gossip.CPUSample:
		e.appendCPUSample(&event)
	case gossip.MemorySample:
		e.appendMemorySample(&event)
	case gossip.OOMKill:
		e.appendOOMKill(&event)
	case gossip.NetworkSample:
		e.appendNetworkSample(&event)
	case gossip.PodCreation:
		e.appendPodCreation(&event)
	default:
		return appendPointed(b, event)
	}
	return append(e.b, '}', '\n')
}

// appendPointed appends the record of the event that a pointer points to.
func appendPointed(b []byte, event gossip.Event) []byte {
	var one gossip.Events
	if !one.Add(event) {
		panic(fmt.Sprintf("pixie: Append of %T, which is no event", event))
	}
	for value := range one.All() {
		b = Append(b, value)
	}
	return b
}

// encoder appends the members of one record. The fields are those that record reads.
type encoder struct{ b []byte }

// appendOrigin begins the record with what every type has.
func (e *encoder) appendOrigin(kind string, o *gossip.Origin) {
	e.b = append(e.b, '{')
	e.addText(typeName, kind)
	e.addTime(timestamp, o.Time)
	e.addText(namespace, o.Namespace)
	e.addText(podName, o.Pod)
	e.addText(podUID, o.PodUID)
	e.addText(node, o.Node)
	e.addText(containerName, o.Container)
	e.addText(containerID, o.ContainerID)
	e.addText(source, o.Source)
	if o.Period != 0 {
		e.addDecimal(periodSeconds, int64(o.Period), 9)
	}
}

func (e *encoder) appendCPUSample(s *gossip.CPUSample) {
	e.appendOrigin(cpuThrottle, &s.Origin)
	e.addShare(throttlePercentage, s.ThrottledShare)
	e.addInteger(nrPeriods, s.Periods)
	e.addInteger(nrThrottled, s.ThrottledPeriods)
	e.addNumber(actualCPUUsage, s.UsageCores)
	e.addNumber(reportedCPUUsage, s.ReportedShare)
	e.addInteger(throttledUsec, s.ThrottledUsec)
	e.addInteger(usageUsec, s.UsageUsec)
	if !s.LimitFilled {
		e.addNumber(limitCores, s.LimitCores)
	}
	if s.CFSPeriod != 0 {
		e.addInteger(cfsPeriodUsec, gossip.Some(s.CFSPeriod.Microseconds()))
	}
	e.addInteger(threads, s.Threads)
	e.addInteger(nodeCPUs, s.NodeCPUs)
}

func (e *encoder) appendMemorySample(s *gossip.MemorySample) {
	e.appendOrigin(memoryPressure, &s.Origin)
	e.addInteger(workingSetBytes, s.WorkingSet)
	e.addShare(memoryUsagePct, s.UsedShare)
	e.addMebibytes(memoryUsedMB, s.UsedBytes)
	switch {
	case s.LimitFilled:
	case s.LimitBytes.Value > fields[limitBytes].max: // the bound of memory_limit_mb is a little higher
		e.addMebibytes(memoryLimitMB, s.LimitBytes)
	default:
		e.addInteger(limitBytes, s.LimitBytes)
	}
	e.addShare(psiSomeAvg10, s.SomeAvg10)
	e.addShare(psiSomeAvg60, s.SomeAvg60)
	e.addShare(psiFullAvg10, s.FullAvg10)
	e.addShare(psiFullAvg60, s.FullAvg60)
	e.addInteger(majorFaults, s.MajorFaults)
	e.addNumber(pageFaultsPerSec, s.PageFaultRate)
	e.addInteger(reclaims, s.Reclaims)
	e.addInteger(limitHits, s.LimitHits)
	e.addInteger(oomKills, s.OOMKills)
}

func (e *encoder) appendOOMKill(k *gossip.OOMKill) {
	e.appendOrigin(oomKill, &k.Origin)
	e.addInteger(victimPID, k.VictimPID)
	e.addText(victimComm, k.VictimComm)
	e.addInteger(usageBytes, k.UsageBytes)
	if !k.LimitFilled {
		e.addInteger(limitBytes, k.LimitBytes)
	}
	e.addText(scope, string(k.Scope))
}

func (e *encoder) appendNetworkSample(s *gossip.NetworkSample) {
	e.appendOrigin(networkIssue, &s.Origin)
	e.addInteger(tcpSegmentsSent, s.Segments)
	e.addInteger(tcpRetransmits, s.Retransmits)
	e.addShare(retransmitPct, s.RetransmitShare)
	e.addInteger(rxPackets, s.RxPackets)
	e.addInteger(txPackets, s.TxPackets)
	e.addInteger(rxDrops, s.RxDrops)
	e.addInteger(txDrops, s.TxDrops)
	e.addShare(packetDropPct, s.DropShare)
	e.addInteger(rxErrors, s.RxErrors)
	e.addInteger(txErrors, s.TxErrors)
	e.addInteger(connectFailures, s.FailedConnects)
	if latency, known := s.Latency.Get(); known {
		e.addDecimal(avgLatencyMs, int64(latency), 6)
	}
	e.addNanoseconds(latencyP50Ns, s.LatencyP50)
	e.addNanoseconds(latencyP99Ns, s.LatencyP99)
}

func (e *encoder) appendPodCreation(c *gossip.PodCreation) {
	e.appendOrigin(podCreation, &c.Origin)
	e.addInteger(totalSyscalls, c.TotalSyscalls)
	e.addInteger(namespaceOps, c.NamespaceOps)
	e.addInteger(cgroupWrites, c.CgroupWrites)
	e.addNanoseconds(durationNs, gossip.Some(c.Duration))
	e.addInteger(execs, c.Execs)
	e.addInteger(processes, c.Processes)
	e.addInteger(mounts, c.Mounts)
	e.addInteger(iptablesRules, c.IPTablesRules)
	e.addNanoseconds(imagePullNs, c.ImagePull)
	e.addNanoseconds(initNs, c.Init)
	e.appendSyscalls(c.Syscalls)
	e.appendTimeline(c.Timeline)
}

// appendSyscalls writes calls by name, sorted. An empty map is written, because it means that calls were counted.
func (e *encoder) appendSyscalls(calls map[string]int64) {
	if calls == nil {
		return
	}
	e.appendName(fields[syscalls])
	e.b = append(e.b, '{')
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		e.appendName(spec{name: name})
		e.b = strconv.AppendInt(e.b, calls[name], 10)
	}
	e.b = append(e.b, '}')
}

func (e *encoder) appendTimeline(steps []gossip.Step) {
	if len(steps) == 0 {
		return
	}
	e.appendName(fields[timeline])
	for i, step := range steps {
		e.b = append(e.b, "[,"[min(i, 1)], '{')
		e.appendName(entryMillis)
		e.b = appendDecimal(e.b, int64(step.Offset), 6)
		e.appendName(entryActor)
		e.b = appendText(e.b, actorName(step.Actor))
		e.appendName(entryAction)
		e.b = appendText(e.b, entryAction.cleanText(step.Action))
		if step.Details != "" {
			e.appendName(entryDetails)
			e.b = appendText(e.b, entryDetails.cleanText(step.Details))
		}
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, ']')
}

// actorName returns the name of an actor in a record. An unknown actor keeps its text, which Decode refuses.
func actorName(actor gossip.Actor) string {
	for name, known := range actors {
		if known == actor {
			return name
		}
	}
	return string(actor)
}

// appendName begins a member of the record, or of an object in it.
func (e *encoder) appendName(s spec) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(appendText(e.b, s.name), ':')
}

func (e *encoder) addText(f field, value string) {
	if value != "" {
		e.appendName(fields[f])
		e.b = appendText(e.b, fields[f].cleanText(value))
	}
}

func (e *encoder) addTime(f field, t time.Time) {
	e.appendName(fields[f])
	e.b = append(t.UTC().AppendFormat(append(e.b, '"'), time.RFC3339Nano), '"')
}

func (e *encoder) addInteger(f field, n gossip.Optional[int64]) {
	if n.Known {
		e.appendName(fields[f])
		e.b = strconv.AppendInt(e.b, n.Value, 10)
	}
}

func (e *encoder) addNanoseconds(f field, d gossip.Optional[time.Duration]) {
	e.addInteger(f, gossip.Optional[int64]{Value: int64(d.Value), Known: d.Known})
}

// addDecimal writes n/10^places.
func (e *encoder) addDecimal(f field, n int64, places int) {
	e.appendName(fields[f])
	e.b = appendDecimal(e.b, n, places)
}

func (e *encoder) addNumber(f field, x gossip.Optional[float64]) {
	if x.Known && !math.IsNaN(x.Value) {
		e.appendName(fields[f])
		e.b = appendNumber(e.b, x.Value)
	}
}

// addShare writes a share 0–1 as a percentage.
func (e *encoder) addShare(f field, share gossip.Optional[float64]) {
	e.addNumber(f, gossip.Optional[float64]{Value: percentageOf(share.Value), Known: share.Known})
}

// addMebibytes writes a number of bytes in MiB. The quotient is exact up to 2⁵³ bytes.
func (e *encoder) addMebibytes(f field, n gossip.Optional[int64]) {
	e.addNumber(f, gossip.Optional[float64]{Value: float64(n.Value) / (1 << 20), Known: n.Known})
}

// percentageOf returns the number that, divided by 100, is the share. Several float64 may be: it returns the one with
// at most 15 digits, if there is one, because that is what senders write.
func percentageOf(share float64) float64 {
	product := share * 100
	var digits [32]byte
	short, err := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], product, 'g', 15, 64)), 64)
	if err == nil && short/100 == share {
		return short
	}
	for _, x := range [...]float64{math.Nextafter(product, 0), math.Nextafter(product, math.Inf(1))} {
		if x/100 == share {
			return x
		}
	}
	return product
}

// appendNumber writes a number with the fewest digits that read back as the same. JSON has no infinity: a number beyond
// every bound replaces it.
func appendNumber(b []byte, x float64) []byte {
	switch magnitude := math.Abs(x); {
	case math.IsInf(x, 1):
		return append(b, "1e999"...)
	case math.IsInf(x, -1):
		return append(b, "-1e999"...)
	case magnitude != 0 && (magnitude < 1e-6 || magnitude >= maxCount):
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	default:
		return strconv.AppendFloat(b, x, 'f', -1, 64)
	}
}

// appendDecimal writes n/10^places, without zeros at the end of the fraction.
func appendDecimal(b []byte, n int64, places int) []byte {
	magnitude := uint64(n)               //nolint:gosec // of a negative n it is the complement: see below
	unit := uint64(plain.Powers[places]) //nolint:gosec // no power is negative
	if n < 0 {
		b = append(b, '-')
		magnitude = -magnitude
	}
	b = strconv.AppendUint(b, magnitude/unit, 10)
	rest := magnitude % unit
	if rest > 0 {
		b = append(b, '.')
	}
	for rest > 0 {
		rest *= 10
		b = append(b, '0'+byte(rest/unit)) //nolint:gosec // a digit
		rest %= unit
	}
	return b
}

// appendText writes a JSON string.
func appendText(b []byte, text string) []byte {
	b, _ = jsontext.AppendQuote(b, text) // the error says that bytes were replaced
	return b
}
