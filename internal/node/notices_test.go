package node

import (
	"strings"
	"testing"

	"rem/edge/config"
	"rem/internal/setup"
	"rem/internal/testkit/noticetest"
	"rem/provider/publication"
)

// P-04, S46, S47: what was published is there after a start, under its digest,
// and a version that is published again is the same one.
func TestAPublishedNoticeIsThereForEver(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	source := string(noticetest.Filled(t))
	first, err := s.control(here).PublishNotice(t.Context(), source)
	if err != nil || first.Version != 1 || first.Status != "in-force" || !first.Sample || first.By == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	s.stop(here)
	s.start(here)
	again, err := s.control(here).PublishNotice(t.Context(), source)
	if err != nil || *again != *first {
		t.Errorf("published again: %+v, %v, want %+v", again, err, first)
	}
	list, err := s.control(here).Notices(t.Context())
	if err != nil || len(list) != 1 || list[0] != *first {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := s.control(here).PublishNotice(t.Context(), strings.Replace(source, "\nphone: ", "\nfax: ", 1)); err == nil {
		t.Error("a notice without a telephone of the contact is published as the same version")
	}
}

// S49: a provider in production does not publish a sample.
func TestProductionPublishesNoSample(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	s.nodes[here].Config.Mode = config.Production
	if v, err := s.control(here).PublishNotice(t.Context(), string(noticetest.Filled(t))); err == nil {
		t.Errorf("published: %+v", v)
	}
}

// REQ-4, REQ-97: what the provider publishes is there after a start, stamped.
func TestPublishedDocumentsAreThereForEver(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	source := strings.NewReplacer("{provider.name-tr}", "Örnek", "{provider.name-en}", "Sample").Replace(string(publication.Sample(publication.Tariff)))
	first, err := s.control(here).PublishDocument(t.Context(), source)
	if err != nil || first.Kind != "tariff" || first.Version != 1 || first.Status != "in-force" || !first.Sample || first.By == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	s.stop(here)
	s.start(here)
	list, err := s.control(here).Documents(t.Context())
	if err != nil || len(list) != 1 || list[0] != *first {
		t.Errorf("%v, %v", list, err)
	}
	if d, err := s.control(here).PublishDocument(t.Context(), string(publication.Sample(publication.Contract))); err == nil {
		t.Errorf("a document with places left is published: %+v", d)
	}
}
