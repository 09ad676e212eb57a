package enrolment

import (
	"slices"
	"strconv"
	"time"

	"rem"
	"rem/person/application"
)

// Results are the legal results of using registered mail, as somebody reads them
// before he acts on an account (REQ-98). That he read them is part of the step that
// opens it, with the version and the digest of what stood before him.
type Results struct {
	Points []rem.Text
	// Read is what is recorded of them.
	Read application.Agreement
}

// resultsVersion grows whenever a sentence of [Service.Results] changes; the digest
// covers both languages of all of them.
const resultsVersion = 1

// Results returns those of today's practice statement.
func (s *Service) Results() Results {
	unread := rem.Text{Turkish: "Açmadığınız ileti okunmuş sayılmaz; ancak hesabınıza ulaştığı an delille kaydedilir.", English: "A message that you do not open does not count as read; but when it reached your account is evidenced."}
	if s.Settings.DeemedRead > 0 {
		hours := strconv.Itoa(int(s.Settings.DeemedRead / time.Hour))
		unread = rem.Text{Turkish: "Açmadığınız ileti, hesabınıza ulaştıktan " + hours + " saat sonra okunmuş sayılır ve bu da delille kaydedilir.", English: "A message that you do not open counts as read " + hours + " hours after it reached your account, and that too is evidenced."}
	}
	r := Results{Points: []rem.Text{
		{Turkish: "Hesabınıza gelen iletilerin hukuki sonucu olabilir; hesabınızı düzenli olarak kontrol etmekle yükümlüsünüz.", English: "Messages in your account may have legal effect; you have the duty to look into it regularly."},
		{Turkish: "Gönderdiğiniz ileti geri alınamaz; yanlış alıcıya gönderilen ileti de gönderilmiş sayılır.", English: "A message that you sent cannot be recalled; one that was sent to the wrong recipient is sent, too."},
		unread,
		{Turkish: "Gönderim, teslim ve okuma delilleri yirmi yıl saklanır.", English: "Evidence of sending, delivery and reading is kept for twenty years."},
	}}
	var all []byte
	for _, p := range r.Points {
		all = append(all, p.Turkish+"\n"+p.English+"\n"...)
	}
	r.Read = application.Agreement{Kind: application.LegalResults, Version: resultsVersion, Digest: rem.DigestOf(all)}
	return r
}

// Results returns what an applicant reads before he opens the account.
func (a *Applicants) Results() Results { return a.s.Results() }

// ErrResults: what was read is not what is in force, or nobody said that he read it.
var ErrResults = deny("legal-results", "Hesabı açmadan önce KEP kullanmanın hukuki sonuçlarının bugünkü metnini okumanız gerekir.", "Today's text of the legal results of using registered mail has to be read before the account is opened.")

// known says whether somebody read what he has to: who opens an account or begins to
// act on one. Who gets back in did so before.
func (s *Service) known(v *application.View, read []application.Agreement) error {
	if v.Aim == application.ToReturn || slices.Contains(read, s.Results().Read) {
		return nil
	}
	return ErrResults
}
