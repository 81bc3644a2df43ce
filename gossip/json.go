package gossip

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// In JSON a finding has Go's field names. Severity and confidence are words, a figure that was not measured is null,
// and durations are texts such as "1m30s".

// MarshalText returns the API's word for the severity.
func (s Severity) MarshalText() ([]byte, error) { return marshalWord(severityNames[:], int(s), s) }

// UnmarshalText reads such a word.
func (s *Severity) UnmarshalText(text []byte) error {
	return unmarshalWord(severityNames[:], text, (*int)(s), "severity")
}

// MarshalText returns the API's word for the confidence.
func (c Confidence) MarshalText() ([]byte, error) { return marshalWord(confidenceNames[:], int(c), c) }

// UnmarshalText reads such a word.
func (c *Confidence) UnmarshalText(text []byte) error {
	return unmarshalWord(confidenceNames[:], text, (*int)(c), "confidence")
}

func marshalWord(words []string, i int, named fmt.Stringer) ([]byte, error) {
	if i < 0 || i >= len(words) {
		return nil, fmt.Errorf("%s is none of %s", named, strings.Join(words, ", "))
	}
	return []byte(words[i]), nil
}

func unmarshalWord(words []string, text []byte, to *int, what string) error {
	i := slices.Index(words, string(text))
	if i < 0 {
		return fmt.Errorf("%s %q is none of %s", what, text, strings.Join(words, ", "))
	}
	*to = i
	return nil
}

// MarshalJSON returns the figure, or null when it was not measured.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Known {
		return []byte("null"), nil
	}
	if d, ok := any(o.Value).(time.Duration); ok {
		return json.Marshal(d.String())
	}
	return json.Marshal(o.Value)
}

// UnmarshalJSON reads a figure; null is one that was not measured.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	*o = Optional[T]{}
	if string(text) == "null" {
		return nil
	}
	var to any = &o.Value
	if d, ok := to.(*time.Duration); ok {
		to = (*textDuration)(d)
	}
	err := json.Unmarshal(text, to)
	o.Known = err == nil
	return err
}

// textDuration is a duration that is a text in JSON. It replaces each duration of the structs below.
type textDuration time.Duration

func (d textDuration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *textDuration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = textDuration(parsed)
	return err
}

type (
	plainCPU      CPUThrottling
	plainBirth    PodBirth
	plainCreation PodCreation
	plainStep     Step
	plainStage    Stage
	plainLeak     Leak
	plainCoverage Coverage

	cpuJSON struct {
		*plainCPU
		CFSPeriod, Calm, Paused *textDuration
	}
	birthJSON struct {
		*plainBirth
		Own *textDuration
	}
	creationJSON struct {
		*plainCreation
		Period, Duration *textDuration
	}
	stepJSON struct {
		*plainStep
		Offset *textDuration
	}
	stageJSON struct {
		*plainStage
		Duration *textDuration
	}
	leakJSON struct {
		*plainLeak
		Until *textDuration
	}
	coverageJSON struct {
		*plainCoverage
		Window *textDuration
	}
)

func (f *CPUThrottling) jsonForm() cpuJSON {
	return cpuJSON{
		(*plainCPU)(f), (*textDuration)(&f.CFSPeriod), (*textDuration)(&f.Calm), (*textDuration)(&f.Paused),
	}
}

func (f *PodBirth) jsonForm() birthJSON { return birthJSON{(*plainBirth)(f), (*textDuration)(&f.Own)} }

func (c *PodCreation) jsonForm() creationJSON {
	return creationJSON{(*plainCreation)(c), (*textDuration)(&c.Period), (*textDuration)(&c.Duration)}
}
func (s *Step) jsonForm() stepJSON { return stepJSON{(*plainStep)(s), (*textDuration)(&s.Offset)} }
func (s *Stage) jsonForm() stageJSON {
	return stageJSON{(*plainStage)(s), (*textDuration)(&s.Duration)}
}
func (l *Leak) jsonForm() leakJSON { return leakJSON{(*plainLeak)(l), (*textDuration)(&l.Until)} }
func (c *Coverage) jsonForm() coverageJSON {
	return coverageJSON{(*plainCoverage)(c), (*textDuration)(&c.Window)}
}

// MarshalJSON writes durations as texts.
func (f CPUThrottling) MarshalJSON() ([]byte, error) { return json.Marshal(f.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (f *CPUThrottling) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, new(f.jsonForm()))
}

// MarshalJSON writes durations as texts.
func (f PodBirth) MarshalJSON() ([]byte, error) { return json.Marshal(f.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (f *PodBirth) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, new(f.jsonForm())) }

// MarshalJSON writes durations as texts.
func (c PodCreation) MarshalJSON() ([]byte, error) { return json.Marshal(c.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (c *PodCreation) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, new(c.jsonForm()))
}

// MarshalJSON writes durations as texts.
func (s Step) MarshalJSON() ([]byte, error) { return json.Marshal(s.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Step) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, new(s.jsonForm())) }

// MarshalJSON writes durations as texts.
func (s Stage) MarshalJSON() ([]byte, error) { return json.Marshal(s.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Stage) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, new(s.jsonForm())) }

// MarshalJSON writes durations as texts.
func (l Leak) MarshalJSON() ([]byte, error) { return json.Marshal(l.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Leak) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, new(l.jsonForm())) }

// MarshalJSON writes durations as texts.
func (c Coverage) MarshalJSON() ([]byte, error) { return json.Marshal(c.jsonForm()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Coverage) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, new(c.jsonForm())) }
