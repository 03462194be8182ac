package seed

import (
	"fmt"
	"strings"
)

// sequence makes the signals of an attack sequence out of the beats that it
// names, as they stood at each of its updates, and gives those findings the
// sequence's ARN from its first update on.
func sequence(b *beat, byBeat map[string][]version) {
	updates := byBeat[b.Name]
	if len(updates) == 0 {
		return
	}
	for _, t := range updates {
		seq := t.finding.at("service", "detection", "sequence")
		model := signalModel(seq)
		if model == nil {
			continue
		}
		signals := []any{}
		for _, name := range b.Signals {
			if s := signal(model, byBeat[name], t); s != nil {
				signals = append(signals, s)
			}
		}
		seq.set("signals", signals)
		seq.set("description", fmt.Sprintf("A sequence of actions involving %d signals", len(signals)))
	}
	for _, name := range b.Signals {
		for _, t := range byBeat[name] {
			if t.updated.After(updates[0].updated) {
				t.finding.set("associatedAttackSequenceArn", updates[0].finding.text("arn"))
			}
		}
	}
}

// signalModel is the first signal of a sequence that is a finding.
func signalModel(seq *object) *object {
	if seq == nil {
		return nil
	}
	signals, _ := seq.get("signals").([]any)
	for _, s := range signals {
		if o, ok := s.(*object); ok && o.text("type") == "FINDING" {
			return o
		}
	}
	return nil
}

// signal is a finding as a signal of a sequence, in its last state before the
// sequence's update; nil when it did not exist yet.
func signal(model *object, updates []version, sequence version) *object {
	var last *version
	for i := range updates {
		if !updates[i].updated.After(sequence.updated) {
			last = &updates[i]
		}
	}
	if last == nil {
		return nil
	}
	first := updates[0].updated
	s := clone(model).(*object)
	s.set("uid", last.finding.text("arn"))
	s.set("name", last.finding.text("type"))
	s.set("description", last.finding.text("title"))
	s.set("severity", last.severity)
	s.set("count", number(float64(last.count)))
	s.set("createdAt", number(float64(first.Unix())))
	s.set("firstSeenAt", number(float64(first.Add(-4*tick/5).Unix())))
	s.set("updatedAt", number(float64(last.updated.Unix())))
	s.set("lastSeenAt", number(float64(last.updated.Add(-tick/5).Unix())))
	purpose, _, _ := strings.Cut(last.finding.text("type"), ":")
	assign(s, "signalIndicators.0.values.0", tacticOf(purpose))
	return s
}

// tacticOf is the tactic that a sequence names for the purpose of a finding.
func tacticOf(purpose string) string {
	switch purpose {
	case "CredentialAccess", "UnauthorizedAccess":
		return "Credential Access"
	case "Stealth", "Policy", "DefenseEvasion":
		return "Defense Evasion"
	case "Backdoor", "Trojan":
		return "Command and Control"
	case "InitialAccess":
		return "Initial Access"
	case "PrivilegeEscalation":
		return "Privilege Escalation"
	}
	return purpose
}
