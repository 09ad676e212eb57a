package inventory

import (
	"encoding/json"
	"io"
	"strings"

	"rem"
	"rem/privacy"
)

// The namespaces of the JSON-LD form. What is in ours is our own mapping: the
// Data Privacy Vocabulary has no extension for KVKK.
var context = map[string]string{
	"dpv":  "https://w3id.org/dpv#",
	"loc":  "https://w3id.org/dpv/loc#",
	"skos": "http://www.w3.org/2004/02/skos/core#",
	"rdf":  "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
	"xsd":  "http://www.w3.org/2001/XMLSchema#",
	"rem":  "urn:rem:inventory:1:",
	"kvkk": "urn:rem:inventory:1:kvkk:",
}

// bases maps the grounds of KVKK 5 to legal bases of the vocabulary; where it
// has none of its own, to the general one.
var bases = map[privacy.Ground]string{
	privacy.Consent:         "dpv:Consent",
	privacy.ByLaw:           "dpv:LegalBasis",
	privacy.Impossibility:   "dpv:VitalInterestOfNaturalPerson",
	privacy.ForContract:     "dpv:Contract",
	privacy.LegalObligation: "dpv:LegalObligation",
	privacy.MadePublic:      "dpv:LegalBasis",
	privacy.RightsAtLaw:     "dpv:LegalBasis",
	privacy.Interest:        "dpv:LegitimateInterestOfController",
}

// groups maps the groups of people.
var groups = map[privacy.SubjectID]string{
	privacy.Holders:        "dpv:Customer",
	privacy.Operators:      "dpv:User",
	privacy.Correspondents: "dpv:DataSubject",
	privacy.Mentioned:      "dpv:DataSubject",
	privacy.Staff:          "dpv:Employee",
}

// A node is one of the graph; its keys are written in the order of the alphabet.
type node map[string]any

func reference(id string) node { return node{"@id": id} }

func labels(t rem.Text) []node {
	return []node{{"@language": "tr", "@value": t.Turkish}, {"@language": "en", "@value": t.English}}
}

// kvkk names a ground: kvkk:5-2-c. A compact name has no slash, and no letter
// beyond ASCII.
func kvkk(g privacy.Ground) string {
	return "kvkk:" + strings.NewReplacer("/", "-", "ç", "ch").Replace(string(g))
}

// writeDPV writes the register as JSON-LD: the words first, then one process for
// each datum and each rule by which it is kept.
func writeDPV(w io.Writer, r *privacy.Register) error {
	var graph []node
	for _, g := range []privacy.Ground{privacy.Consent, privacy.ByLaw, privacy.Impossibility, privacy.ForContract, privacy.LegalObligation, privacy.MadePublic, privacy.RightsAtLaw, privacy.Interest} {
		graph = append(graph, node{
			"@id": kvkk(g), "@type": "dpv:LegalBasis", "skos:broader": reference(bases[g]), "skos:prefLabel": labels(privacy.GroundNames[g]),
			"skos:notation": "KVKK " + string(g), "skos:editorialNote": "mapping to DPV by this program, not by W3C",
		})
	}
	for _, p := range r.Purposes {
		n := node{"@id": "rem:purpose-" + string(p.ID), "@type": "dpv:Purpose", "skos:broader": reference("dpv:" + p.Term), "skos:prefLabel": labels(p.Name)}
		if !p.InUse() {
			n["skos:note"] = labels(p.Off)
		}
		graph = append(graph, n)
	}
	for _, s := range privacy.Subjects() {
		graph = append(graph, node{"@id": "rem:subject-" + string(s.ID), "@type": "dpv:DataSubject", "skos:broader": reference(groups[s.ID]), "skos:prefLabel": labels(s.Name)})
	}
	for _, to := range privacy.Recipients() {
		graph = append(graph, node{"@id": "rem:recipient-" + string(to.ID), "@type": "dpv:Recipient", "skos:prefLabel": labels(to.Name)})
	}
	for i := range r.Data {
		d := &r.Data[i]
		graph = append(graph, node{"@id": "rem:datum-" + string(d.ID), "@type": "dpv:PersonalData", "skos:prefLabel": labels(d.Name)})
	}
	for i := range r.Data {
		graph = append(graph, processes(r, &r.Data[i])...)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	out.SetEscapeHTML(false)
	return out.Encode(node{"@context": context, "@graph": graph})
}

// processes gives a datum's processes, one for each retention rule.
func processes(r *privacy.Register, d *privacy.Datum) (list []node) {
	held := r.HoldingsOf(d.ID)
	for _, id := range collect(held, func(h *privacy.Holding) []privacy.RetentionID { return []privacy.RetentionID{h.Retention} }) {
		var to, purposes, grounds, subjects []node
		var fields []string
		seen := map[privacy.RecipientID]bool{}
		for _, h := range held {
			if h.Retention != id {
				continue
			}
			fields = append(fields, string(h.Kind)+" "+h.Name)
			for _, recipient := range h.Recipients {
				if !seen[recipient] && recipient != privacy.Nobody {
					to = append(to, reference("rem:recipient-"+string(recipient)))
				}
				seen[recipient] = true
			}
		}
		for _, p := range d.Purposes {
			purposes = append(purposes, reference("rem:purpose-"+string(p)))
		}
		for _, g := range groundsOf(r, d.Purposes) {
			grounds = append(grounds, reference(kvkk(g)))
		}
		for _, s := range d.Subjects {
			subjects = append(subjects, reference("rem:subject-"+string(s)))
		}
		t := r.Retention(id)
		process := node{
			"@id": "rem:process-" + string(d.ID) + "-" + string(id), "@type": "dpv:PersonalDataProcess",
			"dpv:hasPersonalData": reference("rem:datum-" + string(d.ID)), "dpv:hasDataSubject": subjects, "dpv:hasPurpose": purposes, "dpv:hasLegalBasis": grounds,
			"dpv:hasStorageCondition": []node{
				{"@type": "dpv:StorageDuration", "skos:note": labels(privacy.ClockNames[t.Clock]), "dpv:hasDuration": node{
					"@type": "dpv:TemporalDuration", "rdf:value": node{"@type": "xsd:duration", "@value": t.Ceiling.ISO()},
				}},
				{"@type": "dpv:StorageLocation", "dpv:hasLocation": reference("loc:TR")},
			},
			"rem:field": fields,
		}
		if len(to) > 0 {
			process["dpv:hasRecipient"] = to
		}
		list = append(list, process)
	}
	return list
}
