package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// target is a pod that exists.
type target struct{ namespace, name, uid, containerID string }

// periods is how many periods a record of a second has, and throttled how many of them in a pod that is in trouble.
const (
	periods   = 10
	throttled = 9
)

// sampleAt returns one second of the container app of a pod, which was throttled in this number of periods.
func (t target) sampleAt(at time.Time, throttled int) gossip.CPUSample {
	return gossip.CPUSample{
		Origin: gossip.Origin{
			Time: at.Truncate(time.Second), Namespace: t.namespace, Pod: t.name, PodUID: t.uid, Container: "app",
			ContainerID: t.containerID, Source: "honest", Period: time.Second,
		},
		Periods: gossip.Some[int64](periods), ThrottledPeriods: gossip.Some(int64(throttled)),
		ThrottledUsec: gossip.Some(int64(throttled) * 70_000), UsageUsec: gossip.Some[int64](30_000),
		LimitCores: gossip.Some(0.1),
	}
}

// quietSample returns a quarter of a minute without throttling, which is enough for a verdict.
func (t target) quietSample(at time.Time) gossip.CPUSample {
	sample := t.sampleAt(at, 0)
	sample.Period = 15 * time.Second
	sample.Periods = gossip.Some[int64](150)
	return sample
}

// historyOf returns the records of the last minute, one a second and all in trouble, about each pod.
func historyOf(all []target) (body []byte, records int64) {
	const n = 60
	now := time.Now()
	for _, t := range all {
		for i := range n {
			body = pixie.Append(body, t.sampleAt(now.Add(time.Duration(i-n)*time.Second), throttled))
		}
	}
	return body, int64(len(all) * n)
}

// fakeRecords returns n records, as short as they can be, each about another pod that does not exist. series makes the
// names of pods differ from call to call.
func fakeRecords(namespace string, series, n int, at time.Time) []byte {
	var b bytes.Buffer
	stamp := at.UTC().Format(time.RFC3339)
	for i := range n {
		fmt.Fprintf(&b, `{"type":"cpu_throttle","timestamp":%q,"namespace":%q,"pod_name":"f%x-%x",`+
			`"container_name":"a","throttle_percentage":1}`+"\n", stamp, namespace, series, i)
	}
	return b.Bytes()
}

// fullBody returns a body of nearly the greatest length with the smallest records, packed. They are about few pods.
func fullBody(namespace string, series int) []byte {
	few := fakeRecords(namespace, series, 100, time.Now())
	return packBody(bytes.Repeat(few, ingest.DefaultMaxBody/len(few)))
}

// longBirths returns the births of n pods that do not exist, each with 32 steps of the longest texts, packed.
func longBirths(namespace string, series, n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"type":"pod_creation","timestamp":%q,"namespace":%q,"pod_name":"b%x-%x",`+
			`"duration_ns":60000000000,"total_syscalls":1,"namespace_ops":1,"cgroup_writes":1,"timeline":[`,
			time.Now().UTC().Format(time.RFC3339), namespace, series, i)
		for step := range 32 {
			if step > 0 {
				b.WriteByte(',')
			}
			text := fmt.Sprintf("%x-%x-%x", series, i, step)
			text += strings.Repeat("x", 1024-len(text))
			fmt.Fprintf(&b, `{"timestamp_ms":%d,"actor":"kernel","action":%q,"details":%q}`, step*1000, text, text)
		}
		b.WriteString("]}\n")
	}
	return packBody(b.Bytes())
}

// aboutAll returns the records that each makes of each pod.
func aboutAll(pods []target, each func(target) []gossip.CPUSample) []byte {
	var body []byte
	for _, t := range pods {
		for _, sample := range each(t) {
			body = pixie.Append(body, sample)
		}
	}
	return body
}

// forgeSamples returns quiet samples of a pod, each changed. They are enough to end its trouble.
func forgeSamples(t target, change func(*gossip.CPUSample)) []gossip.CPUSample {
	var out []gossip.CPUSample
	for i := range 12 {
		sample := t.quietSample(time.Now().Add(time.Duration(i-12) * time.Second))
		change(&sample)
		out = append(out, sample)
	}
	return out
}

func forgeUID(t target) []gossip.CPUSample {
	return forgeSamples(t, func(s *gossip.CPUSample) { s.PodUID = "00000000-0000-0000-0000-000000000000" })
}

// forgeContainer returns samples of a container ID, and of a container, that the pod does not have.
func forgeContainer(t target) []gossip.CPUSample {
	return append(forgeSamples(t, func(s *gossip.CPUSample) { s.ContainerID = "forged" }),
		forgeSamples(t, func(s *gossip.CPUSample) { s.Container = "forged" })...)
}

// forgeSources returns a sample of each of more sources than are kept. Their figures are true, so only the sources
// contradict.
func forgeSources(t target) []gossip.CPUSample {
	var out []gossip.CPUSample
	for i := range 9 {
		sample := t.sampleAt(time.Now(), throttled)
		sample.Source = fmt.Sprintf("source-%d", i)
		out = append(out, sample)
	}
	return out
}

// marker is what a hostile text wants to have on a line of its own.
const marker = "touch /tmp/pwned"

// hostileText moves the cursor, turns the direction of text, hides letters, and begins a line.
const hostileText = "a\x1b[2J\u202eb\u200bc\U000e0041\n" + marker + "\r\x07"

// hostileRecords are records of an OOM kill and a birth with hostile texts wherever a text is free.
func hostileRecords(t target) []byte {
	begin := fmt.Sprintf(`{"timestamp":%q,"namespace":%q,"pod_name":%q,"pod_uid":%q,"node":TEXT,"source":TEXT,`,
		time.Now().UTC().Format(time.RFC3339), t.namespace, t.name, t.uid)
	kill := `"type":"oom_kill","container_name":"app","scope":"memcg","usage_bytes":536870912,"victim_comm":TEXT}`
	birth := `"type":"pod_creation","duration_ns":60000000000,"total_syscalls":1,"timeline":[` +
		`{"timestamp_ms":0,"actor":"kernel","action":TEXT,"details":TEXT}]}`
	return []byte(strings.ReplaceAll(begin+kill+"\n"+begin+birth+"\n", "TEXT", quoteText(hostileText)))
}

func packBody(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text) // a buffer has no errors
	_ = w.Close()
	return b.Bytes()
}
