package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// benchNamespace has the pods that the records are about, and the operator's objects about them.
const benchNamespace = "bench"

// podFleet has the pods that the records are about.
type podFleet struct {
	client client.Client
	size   int
}

func makeFleet(ctx context.Context, cluster *testcluster.ControlPlane, size int) (*podFleet, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	c, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	if err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: benchNamespace}}); err != nil {
		return nil, err
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for worker := range 8 {
		all.Go(func() {
			for i := worker; i < size; i += 8 {
				err := c.Create(ctx, &corev1.Pod{
					ObjectMeta: metav1.ObjectMeta{Namespace: benchNamespace, Name: podName(i)},
					Spec: corev1.PodSpec{
						SchedulingGates: []corev1.PodSchedulingGate{{Name: "example.com/never"}},
						Containers:      []corev1.Container{{Name: "app", Image: "none"}},
					},
				})
				if err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return &podFleet{c, size}, failed
}

// deleteWhispers deletes the operator's objects, so that each part begins with none.
func (f *podFleet) deleteWhispers(ctx context.Context) error {
	return f.client.DeleteAllOf(ctx, &v1alpha1.KernelWhisper{}, client.InNamespace(benchNamespace))
}

// benchContext is what a part needs besides the load.
type benchContext struct {
	process   *process
	reference *process // the bare handler
	steady    time.Duration
}

func measureThroughput(ctx context.Context, out io.Writer, url string, _ *podFleet, m benchContext) error {
	if _, err := postAll(ctx, url, singleRecords(4000), 16, 0); err != nil { // so that the objects exist
		return err
	}
	if err := m.process.waitUntilWritten(ctx); err != nil {
		return err
	}
	bare, one, err := sideBySide(ctx, m.reference.url, url)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "single POSTs, bare handler\t%.0f\t%s\t%s\t\n", bare.rate, bare.p50, bare.p99)
	fmt.Fprintf(out, "single POSTs\t%.0f\t%s\t%s\t%.0f%% of the bare handler\n", one.rate, one.p50, one.p99,
		100*one.rate/bare.rate)
	bodies := recordBatches(600, time.Now().Add(-30*time.Minute))
	many, err := postAll(ctx, url, bodies, 4, 0)
	if err != nil {
		return err
	}
	size := 0
	for _, b := range bodies {
		size += len(b)
	}
	fmt.Fprintf(out, "records, 1,000 in a POST\t%.0f\t%s\t%s\t%d bytes each\n", 1000*many.rate, many.p50, many.p99,
		size/len(bodies)/1000)
	return nil
}

// sideBySide posts single records to two servers in turns, so that other work of the machine affects both, and returns
// the turn of each that has the median rate.
func sideBySide(ctx context.Context, reference, url string) (bare, own result, err error) {
	var turns [2][]result
	for range 7 {
		for i, server := range []string{reference, url} {
			r, err := postAll(ctx, server, singleRecords(4000), 16, time.Second)
			if err != nil {
				return bare, own, err
			}
			turns[i] = append(turns[i], r)
		}
	}
	for i := range turns {
		slices.SortFunc(turns[i], func(a, b result) int { return cmp.Compare(a.rate, b.rate) })
	}
	return turns[0][len(turns[0])/2], turns[1][len(turns[1])/2], nil
}

// measureBurst posts 100,000 events about 500 subjects and counts what they cost the API server.
func measureBurst(ctx context.Context, out io.Writer, url string, f *podFleet, m benchContext) error {
	begin := time.Now()
	if _, err := postAll(ctx, url, recordBatches(100, time.Now().Add(-5*time.Minute)), 4, 0); err != nil {
		return err
	}
	took := time.Since(begin)
	if err := m.process.waitUntilWritten(ctx); err != nil {
		return err
	}
	writes, err := m.process.readMetric(ctx, "kernelgossip_writes_total")
	if err != nil {
		return err
	}
	var list v1alpha1.KernelWhisperList
	if err := f.client.List(ctx, &list, client.InNamespace(benchNamespace)); err != nil {
		return err
	}
	fmt.Fprintf(out, "burst of 100,000 events\t\t\t\ttaken in %s; %.0f writes for %d objects (2 each: object, status)\n",
		took.Round(time.Millisecond), writes, len(list.Items))
	return nil
}

// measureSteadyState posts an event about each of 5,000 pods every 10 s.
func measureSteadyState(ctx context.Context, out io.Writer, url string, f *podFleet, m benchContext) error {
	sender, err := newSender(url, 1)
	if err != nil {
		return err
	}
	defer sender.CloseIdleConnections()
	round := func(length time.Duration) error {
		end := time.Now().Add(length)
		tick := time.NewTicker(10 * time.Second / time.Duration(f.size))
		defer tick.Stop()
		for pod := 0; time.Now().Before(end); pod = (pod + 1) % f.size {
			<-tick.C
			if _, err := sender.Post(ctx, appendRecord(nil, pod, time.Now())); err != nil {
				return err
			}
		}
		return nil
	}
	if err := round(12 * time.Second); err != nil {
		return err
	}
	if err := m.process.waitUntilWritten(ctx); err != nil {
		return err
	}
	writes, cpu := 0.0, time.Duration(0)
	for sign := range 2 {
		w, err := m.process.readMetric(ctx, "kernelgossip_writes_total")
		if err != nil {
			return err
		}
		c, err := m.process.readCPUTime()
		if err != nil {
			return err
		}
		writes, cpu = w-writes, c-cpu
		if sign == 0 {
			if err := round(m.steady); err != nil {
				return err
			}
		}
	}
	rss, err := m.process.readResidentBytes()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d pods, one event each 10 s\t%.1f\t\t\twrites; %.0f%% of a core; %d MiB RSS\n",
		f.size, writes/m.steady.Seconds(), 100*cpu.Seconds()/m.steady.Seconds(), rss>>20)
	return nil
}

// waitUntilWritten waits until the operator has written all its objects.
func (p *process) waitUntilWritten(ctx context.Context) error {
	for ctx.Err() == nil {
		waiting, err := p.readMetric(ctx, "kernelgossip_subjects_waiting")
		if err != nil || waiting == 0 {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return ctx.Err()
}

// readMetric returns the sum of a metric over its labels.
func (p *process) readMetric(ctx context.Context, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.metrics, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if series != name && !strings.HasPrefix(series, name+"{") {
			continue
		}
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 {
			value = lines.Text()[i+1:]
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, lines.Err()
}

// readCPUTime returns the processor time that a process has used (proc_pid_stat(5): utime and stime, in hundredths of a
// second).
func (p *process) readCPUTime() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// readResidentBytes returns the resident memory of a process in bytes (proc_pid_status(5)).
func (p *process) readResidentBytes() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	return kib << 10, err
}
