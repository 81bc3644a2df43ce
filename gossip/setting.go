package gossip

// setting is what decides which measurements of a container belong together: the limit and the request of the kind's
// resource, and the image. A part that is not known differs from nothing.
type setting struct {
	limit        Optional[float64] // cores or bytes; 0 is "no limit"
	limitFromPod bool              // limit is the pod's: no record has had its own
	request      Optional[float64] // cores or bytes; 0 is "no request"
	image        string            // empty when not known
}

// setSpec sets what Kubernetes knows of the container.
func (s *setting) setSpec(request Optional[float64], image string) {
	s.request, s.image = Some(request.Or(0)), image
}

// hasOtherLimit reports whether both limits are known and differ. Limits from the pod are compared only with each
// other: what is known about the pod may be older or newer than the records.
func (s *setting) hasOtherLimit(o *setting) bool {
	return s.limit.Known && o.limit.Known && s.limitFromPod == o.limitFromPod && s.limit.Value != o.limit.Value
}

func (s *setting) hasOtherRequest(o *setting) bool {
	return s.request.Known && o.request.Known && s.request.Value != o.request.Value
}

func (s *setting) hasOtherImage(o *setting) bool {
	return s.image != o.image && s.image != "" && o.image != ""
}

// differsFrom reports whether a part that is known in both differs.
func (s *setting) differsFrom(o *setting) bool {
	return s.hasOtherLimit(o) || s.hasOtherRequest(o) || s.hasOtherImage(o)
}

// hasAllOf reports whether the other setting adds nothing to this one and does not differ.
func (s *setting) hasAllOf(o *setting) bool {
	return (!o.limit.Known || (s.limit == o.limit && s.limitFromPod == o.limitFromPod)) &&
		(!o.request.Known || s.request == o.request) && (o.image == "" || s.image == o.image)
}

// learnLimit completes the limit. A record's own wins over the pod's.
func (s *setting) learnLimit(o *setting) {
	if o.limit.Known && (!s.limit.Known || (s.limitFromPod && !o.limitFromPod)) {
		s.limit, s.limitFromPod = o.limit, o.limitFromPod
	}
}

// learnFrom completes the setting with what a record has that belongs to it.
func (s *setting) learnFrom(r *record) {
	s.learnLimit(&r.setting)
	if !s.request.Known {
		s.request = r.request
	}
	if s.image == "" && r.image != "" {
		s.image = r.keptText(r.image)
	}
}
