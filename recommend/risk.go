package recommend

import "fmt"

// describeRisk says what may go wrong, and what the commands do not change.
func (c limitChange) describeRisk() string {
	if c.isStaticPod() {
		return c.whyNoResize()
	}
	resize, _ := c.resizeCommands()
	risk := c.mainRisk(resize != "")
	if container, _ := c.changedContainer(); resize != "" && c.unit.resizeRestarts(container) {
		risk += " The resize restarts the container: its resizePolicy says so."
	}
	if c.unit == memory && !c.requestOnly && resize != "" {
		risk += " The rollback may fail while more is in use."
	}
	if last := c.describeOwnerChange(); last != "" {
		risk += " " + last
	}
	return risk
}

// mainRisk says what to consider first.
func (c limitChange) mainRisk(resizes bool) string {
	spare := fmt.Sprintf("the node must have %s to spare, else the resize waits", c.unit.formatRounded(c.to-c.from))
	switch {
	case !c.pod.Known():
		return "Nothing is known of the pod: if it is of the Guaranteed class, its request must be raised too, and the API " +
			"server " +
			"refuses the resize. Its owner, autoscaler and limit ranges were not checked."
	case !resizes:
		return c.whyNoResize()
	case c.requestOnly:
		return startSentence(spare) + "."
	case c.requestFollowsLimit():
		return "The request rises with the limit, because the pod is of the Guaranteed class: " + spare +
			"; where the kubelet has the " +
			"static CPU or memory manager policy it is Infeasible."
	case c.wholePod:
		return "Clusters that cannot resize a pod as a whole yet refuse the resize."
	case c.unit == memory:
		return "The request stays: when the node runs short, what uses most above its request is killed first."
	default:
		return "The request stays, so the node may be overcommitted further: when it is busy, the container competes by " +
			"its request."
	}
}

// describeOwnerChange says what happens to the owner: whether its pods get the change, and what may take it back.
func (c limitChange) describeOwnerChange() string {
	patch, _ := c.patchCommands()
	if patch == "" {
		return c.whyNoPatch()
	}
	w, template := c.pod.Workload, c.pod.Template
	text := "Patching the owner rolls its pods."
	switch {
	case w.Kind == "CronJob":
		text = "The next Job has the change; one that runs does not."
	case template != nil && template.Waits:
		text = fmt.Sprintf(
			"The pods of the %s follow when they are made anew: it is paused, or its update strategy is OnDelete.", w.Kind,
		)
	}
	if template == nil {
		text += fmt.Sprintf(
			" The template of the %s is not known here: the patch is refused, and changes nothing, unless the template has "+
				"what the pod has.",
			w.Kind,
		)
	}
	if template != nil && template.Maker != "" {
		text += fmt.Sprintf(" %s made the %s and may take the patch back: change it there, too.", template.Maker, w.Kind)
	}
	if w.Guessed {
		text += " The owner was inferred from names."
	}
	return text
}
