package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// recorder reads the node at every interval and keeps the events.
type recorder struct {
	options options
	cluster *cluster
	node    *kernel.Node
	capture capture
	births  []gossip.PodCreation // part of the capture only if no row was lost
}

func newRecorder(o options, cluster *cluster) (*recorder, error) {
	node, err := kernel.OpenNode(o.cgroupRoot)
	if err != nil {
		return nil, err
	}
	node.Kinds = modes[o.mode].counters
	return &recorder{options: o, cluster: cluster, node: node}, nil
}

// readUntilEnd reads at every interval until the time is over or ctx ends. The first read is the baseline.
func (r *recorder) readUntilEnd(ctx context.Context) error {
	if err := r.readNode(); err != nil {
		return err
	}
	tick := time.NewTicker(r.options.every)
	defer tick.Stop()
	end := time.After(r.options.duration + r.options.every/2) // the last tick belongs to the capture
	for {
		select {
		case <-tick.C:
			if err := r.readNode(); err != nil {
				return err
			}
		case <-end:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// readNode reads everything once.
func (r *recorder) readNode() error {
	if err := r.node.Find(); err != nil {
		return err
	}
	r.node.Read(r.cluster.listPods(), r.keepEvent)
	return nil
}

func (r *recorder) keepEvent(event gossip.Event) {
	if birth, ok := event.(gossip.PodCreation); ok {
		r.births = append(r.births, birth)
	} else {
		r.capture.addEvent(event)
	}
}

// endTrace ends bpftrace, keeps the births, and notes in the provenance what was lost.
func (r *recorder) endTrace(origin *provenance, stderr io.Writer) error {
	if r.node.Trace != nil {
		if err := r.node.Trace.Stop(); err != nil {
			return err
		}
		r.node.TakeRows()
		r.node.ReadRows(r.cluster.listPods(), r.keepEvent)
	}
	origin.LeftOut, origin.Retransmits = r.node.LeftOut, r.node.Retransmits
	origin.LostRows, origin.KillsLost = r.node.LostRows, r.node.Kills.GivenUp
	if r.node.LostRows > 0 {
		fmt.Fprintf(stderr, "record: bpftrace lost %d events\n", r.node.LostRows)
		return nil
	}
	return r.keepBirths(origin)
}

// keepBirths adds the births to the capture, with the time that images were pulled.
func (r *recorder) keepBirths(origin *provenance) error {
	pods := r.cluster.listPods()
	origin.BirthsGivenUp, origin.Incomplete = r.node.Births.GivenUp, r.node.Births.Incomplete(pods)
	if len(r.births) == 0 {
		return nil
	}
	events, err := r.cluster.listEvents()
	if err != nil {
		return err
	}
	for _, birth := range r.births {
		i := slices.IndexFunc(pods, func(p *kernel.Pod) bool { return p.Metadata.UID == birth.PodUID })
		birth.ImagePull = kernel.PullTime(pods[i], events)
		r.capture.addEvent(birth)
	}
	return nil
}
